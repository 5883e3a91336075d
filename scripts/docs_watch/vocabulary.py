"""The words that OKX's pages use, in both languages, and what each of them means.

Every key is normalized: lower case, without white space.
"""

from __future__ import annotations

import re

LANGUAGES = ("en", "zh")

# Heading, up to its colon -> what stands under it, and the heading's language.
HEADINGS = {
    "ratelimit": ("rate", "en"),
    "限速": ("rate", "zh"),
    "ratelimitrule": ("per", "en"),
    "限速规则": ("per", "zh"),
    "permission": ("permission", "en"),
    "permissions": ("permission", "en"),
    "权限": ("permission", "zh"),
    "httprequest": ("http", "en"),
    "http请求": ("http", "zh"),
    "requestparameters": ("request", "en"),
    "请求参数": ("request", "zh"),
    "responseparameters": ("response", "en"),
    "返回参数": ("response", "zh"),
    "响应参数": ("response", "zh"),
}
LABELS = {"requestexample", "responseexample", "请求示例", "返回结果", "返回示例", "响应示例"}
NOTHING = {"none", "none.", "无", "无。"}

COLUMNS = {
    **dict.fromkeys(("parameter", "parameters", "参数", "参数名", "字段", "字段名"), "name"),
    **dict.fromkeys(("type", "types", "类型"), "type"),
    **dict.fromkeys(("required", "是否必须", "是否必填", "必填"), "required"),
    **dict.fromkeys(("description", "描述", "说明"), "description"),
}
REQUIRED = {
    **dict.fromkeys(("yes", "true", "required", "是", "必填"), "required"),
    **dict.fromkeys(("conditional", "条件必填", "按情况", "视情况"), "conditional"),
    **dict.fromkeys(("no", "false", "optional", "否", "可选", "选填"), "optional"),
}
TYPES = {
    **{word: word for word in ("string", "boolean", "integer", "number", "object", "array")},
    "bool": "boolean",
    "int": "integer",
    "arrayofstring": "array of string",
    "arrayofstrings": "array of string",
    "arrayofobject": "array of object",
    "arrayofobjects": "array of object",
}
COUNTED_BY = {
    **dict.fromkeys(("userid", "用户id"), "user"),
    "ip": "ip",
    **dict.fromkeys(("instrumenttype", "产品类型"), "instType"),
    **dict.fromkeys(("instrumentid", "产品id"), "instId"),
    **dict.fromkeys(("instrumentfamily", "交易品种"), "instFamily"),
}
PERMISSIONS = {
    **dict.fromkeys(("read", "读取"), "read"),
    **dict.fromkeys(("trade", "交易"), "trade"),
    **dict.fromkeys(("withdraw", "提币"), "withdraw"),
}

SECONDS = {
    **dict.fromkeys(("s", "second", "seconds", "秒"), 1),
    **dict.fromkeys(("min", "minute", "minutes", "分", "分钟"), 60),
    **dict.fromkeys(("h", "hour", "hours", "小时"), 3600),
    **dict.fromkeys(("d", "day", "days", "天"), 86400),
}
RATES = (
    re.compile(r"(?P<requests>\d{1,6})requests?per(?P<period>\d{1,6})?(?P<unit>[a-z]{1,7})"),
    re.compile(r"(?P<requests>\d{1,6})次/(?P<period>\d{1,6})?(?P<unit>[a-z]{1,7}|[秒分钟小时天]{1,2})"),
    re.compile(r"每(?P<period>\d{1,6})?(?P<unit>[秒分钟小时天]{1,2})(?P<requests>\d{1,6})次(?:请求)?"),
)

ENGLISH = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMERALS = {word: n for words in (ENGLISH, "一二三四五六七八九十") for n, word in enumerate(words, 1)}
NUMERALS |= {"两": 2, "twenty": 20, "二十": 20}
_NUMBER = rf"(?P<n>\d{{1,5}}|{'|'.join(sorted(NUMERALS, key=len, reverse=True))})"
# A limit counts items only where the text speaks of several of them: "no more than 50 letters" is another matter.
SEVERAL = re.compile(r"comma|multiple|several|list|逗号|多个|批量", re.IGNORECASE)
_AT_MOST = (
    r"no more than|not more than|up to|at most|(?:a )?maximum(?: number)?(?: of| is)?|max\.?|limit(?: of| is|ed to)?"
)
_NO_ITEMS = (
    r"(?!-|[,.]\d|\s*(?:hundred|thousand|dozen|%"
    r"|characters?|letters?|digits?|bytes?|chars?|decimals?|seconds?|minutes?|hours?|days?))"
)
_NO_MORE_ZH = "不(?:得|能|可)?超过|不[多大]于|[最至]多(?:支持|可以?)?[传填查]?|上限[为是]?|最大[为是]?"
LIMITS = (
    re.compile(rf"\b(?:{_AT_MOST})[:：]? {_NUMBER}\b{_NO_ITEMS}", re.IGNORECASE),
    re.compile(rf"\b{_NUMBER} (?:at most|or fewer|maximum|max\b)", re.IGNORECASE),
    re.compile(rf"(?:{_NO_MORE_ZH}) ?{_NUMBER} ?个(?!字)"),
    re.compile(rf"{_NUMBER} ?个(?:以内|以下|为限)"),
)

# What stands before a list of values in a clause of its own.
LABEL_OF_VALUES = re.compile(
    r"(?:\b(?:values?|options?|choices|enums?|one of|either)\b|取值|可选[值项]|枚举值?|值)"
    r"(?: are| is|为|有|包括)?\s*[:：]?$",
    re.IGNORECASE,
)
# Words of a clause whose words in back quotes are mentions: where something applies, examples, defaults.
MENTION = re.compile(
    r"\b(?:appl\w+|only|when|if|unless|except|not|for|in|eg|ie|example|such as|like|default|m(?:ax|in)\w*|unit|same as|"
    r"otherwise|instead|see|use|with|without|from|between|than|no longer|deprecated|removed|retired|replac\w+|"
    r"requires|note|conflicts|exclu\w+)\b"
    r"|仅|只|适用|例|如|默认|除|不|当|若|单位|最大|最小|参考|使用|否则|优先|废弃|弃用|下线|移除|替代|取代|互斥|依赖|注意|参数|字段",
    re.IGNORECASE,
)
# What a label of a value is not: "填写 `a`，返回 `b`" says what follows from what.
VERB = re.compile("填|返回|传|支持|表示|需|请|可以|则|会|将|由|按|以|至|到|从|在|对|等于|大于|小于|超过|参见|查|改|变")
# What is said of a value that is no more.
GONE = re.compile(
    r"no longer|retired|removed|discontinued|not supported|deprecated|不再|下线|废弃|弃用|不支持|移除", re.IGNORECASE
)
