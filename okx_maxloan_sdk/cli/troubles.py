"""What can go wrong at the prompt, each in one paragraph: what it is, what was expected, what to do."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .words import Language, Words

# Exit codes.
OK, FAILED, WRONG, PARTIAL, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 3, 130, 141

WORDS: Words = {
    "en": {
        "nearest": "; did you mean {word}?",
        "all_keys": "There is no API key to ask with. Set OKX_API_KEY, OKX_API_SECRET and OKX_API_PASSPHRASE, or write"
        " key, secret and passphrase under [default] in {path}, or try --mock, which asks an embedded exchange and"
        " needs no key.",
        "some_keys": "{missing} not set, although other parts of the API key are; set OKX_API_KEY, OKX_API_SECRET and"
        " OKX_API_PASSPHRASE, or none of them to use {path}.",
        "site": "{where} is {value!r}; it must be one of {allowed}{nearest}",
        "switch": "{where} is {value!r}; it must be 1 or 0",
        "file_open": "{path} can be read by other users of this machine (mode {mode}), so it is not used. Run: chmod"
        " 600 {path}",
        "file_missing": "There is no file {path} to find the profile {name} in; write [{name}] with key, secret and"
        " passphrase into it, and run: chmod 600 {path}",
        "file_toml": "{path} is not TOML: {reason}",
        "profile_missing": "{path} has no profile {name!r}{nearest} It has: {names}",
        "profile_parts": "{path}: the profile {name} has no {missing}; it needs key, secret and passphrase",
        "profile_word": "{path}: the profile {name} has {setting!r}, which is no setting{nearest} There are: {words}",
        "profile_kind": "{path}: in the profile {name}, {setting} must be {kind}",
        "mock_account": "The mock exchange has no account {name!r}{nearest} It has: {names}",
        "nothing": "Say what to ask: pairs such as BTC-USDT, or --ccy USDT, or --all.",
        "all_alone": "--all asks about every margin pair; leave out {what}.",
        "silence": "There is no answer from {url}: {reason}. Look at the network, the VPN, the proxy and the firewall;"
        " okx-maxloan doctor finds out where it ends.",
        "pair": "{pair} is not a margin pair of this account{nearest}",
        "extra": '{module} is missing; install it with: pip install "okx-maxloan-sdk[{extra}]"',
        "duration": "{value!r} is no duration; write 500ms, 5s, 2m or 1h",
        "alert": "{value!r} is no alert; write CURRENCY<AMOUNT or PAIR<AMOUNT, as 'USDT<1000', with <, <=, > or >=",
        "record": "{path} cannot be used as a record of okx-maxloan watch: {reason}",
        "record_missing": "There is no record {path}; make one with: okx-maxloan watch BTC-USDT --record {path}",
        "record_pair": "{path} has nothing about {pair}{nearest} It has: {pairs}",
        "picture": "{path} must end in .png or .svg",
        "file": "{path}: {reason}",
        "bug": "This should not have happened: {kind}: {reason}. Run it again with --debug, and report what that"
        " shows.",
    },
    "zh": {
        "nearest": "；是否想写 {word}？",
        "all_keys": "没有可用的 API key。请设置 OKX_API_KEY、OKX_API_SECRET 和 OKX_API_PASSPHRASE，或在 {path} 的"
        " [default] 下写入 key、secret 和 passphrase；也可以用 --mock 查询内置的模拟交易所，无需密钥。",
        "some_keys": "{missing} 未设置，而 API key 的其他部分已设置；请同时设置 OKX_API_KEY、OKX_API_SECRET 和"
        " OKX_API_PASSPHRASE，或全部不设以使用 {path}。",
        "site": "{where} 为 {value!r}；只能取 {allowed}{nearest}",
        "switch": "{where} 为 {value!r}；只能取 1 或 0",
        "file_open": "{path} 可被本机其他用户读取（权限 {mode}），因此不使用。请运行：chmod 600 {path}",
        "file_missing": "找不到配置 {name} 所在的文件 {path}；请在其中写入 [{name}] 及 key、secret、passphrase，并运"
        "行：chmod 600 {path}",
        "file_toml": "{path} 不是合法的 TOML：{reason}",
        "profile_missing": "{path} 中没有配置 {name!r}{nearest} 现有：{names}",
        "profile_parts": "{path}：配置 {name} 缺少 {missing}；需要 key、secret 和 passphrase",
        "profile_word": "{path}：配置 {name} 中的 {setting!r} 不是设置项{nearest} 设置项有：{words}",
        "profile_kind": "{path}：配置 {name} 中的 {setting} 必须是 {kind}",
        "mock_account": "模拟交易所没有账户 {name!r}{nearest} 现有：{names}",
        "nothing": "请说明要查询什么：币对（如 BTC-USDT）、--ccy USDT 或 --all。",
        "all_alone": "--all 查询全部杠杆币对；请去掉 {what}。",
        "silence": "{url} 没有应答：{reason}。请检查网络、VPN、代理和防火墙；okx-maxloan doctor 可以找出中断的位置。",
        "pair": "{pair} 不是该账户的杠杆币对{nearest}",
        "extra": '缺少 {module}；请安装：pip install "okx-maxloan-sdk[{extra}]"',
        "duration": "{value!r} 不是时长；请写 500ms、5s、2m 或 1h",
        "alert": "{value!r} 不是提醒条件；请写“币种<数量”或“币对<数量”，如 'USDT<1000'，可用 <、<=、>、>=",
        "record": "{path} 不能用作 okx-maxloan watch 的记录：{reason}",
        "record_missing": "没有记录 {path}；可这样生成：okx-maxloan watch BTC-USDT --record {path}",
        "record_pair": "{path} 中没有 {pair} 的记录{nearest} 现有：{pairs}",
        "picture": "{path} 必须以 .png 或 .svg 结尾",
        "file": "{path}：{reason}",
        "bug": "这不应该发生：{kind}：{reason}。请加上 --debug 重新运行，并反馈其输出。",
    },
}


def nearest(word: str, words: Iterable[str], lang: Language, end: str = "") -> str:
    """Suggest the word that was probably meant, if there is one; `end` is what stands there otherwise."""
    close = get_close_matches(word, list(words), 3, 0.5)
    # Swapped letters are the likelier slip: BTC-USTD is BTC-USDT rather than BTC-USD.
    close.sort(key=lambda each: sorted(each) != sorted(word))
    return WORDS[lang]["nearest"].format(word=close[0]) if close else end


class Trouble(Exception):
    """The command cannot go on; `word` is a key of WORDS and `about` fills its places."""

    def __init__(
        self, word: str, *, code: int = WRONG, near: tuple[str, Iterable[str]] | None = None, **about: object
    ) -> None:
        super().__init__(word, about)
        self.word: str = word
        self.code: int = code
        self.near: tuple[str, Iterable[str]] | None = near
        self.about: dict[str, object] = about

    def text(self, lang: Language) -> str:
        """Say it in a language."""
        close = nearest(*self.near, lang, "." if lang == "en" else "。") if self.near else ""
        return WORDS[lang][self.word].format(nearest=close, **self.about)
