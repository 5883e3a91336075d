"""The report: one line a finding, and the exit code."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal

from okx_maxloan_sdk import MaxLoanClient, OkxError

from .check import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .check import Finding

AGREES, DIFFERS, UNKNOWN = 0, 1, 2
WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "agrees": "agrees",
        "new": "new",
        "differs": "DIFFERS",
        "skipped": "skipped",
        "mock": "The embedded mock exchange, user {user}; set OKX_API_KEY and its kin to check OKX.",
        "live": "{where}, with the keys of the environment.",
        "offset": "the exchange's clock is {seconds} s from this machine's",
        "skew": "the timestamp was refused, though it was taken from the exchange's clock",
        "mode": "account mode {mode}",
        "mode_unknown": "an account mode that this release does not know",
        "permissions": "the key may: {permissions}",
        "pairs": "{count} margin pairs, each named base-quote",
        "pairs_odd": "no margin pairs, or with other names than base-quote: {pairs}",
        "rows": "the documented question was answered with {rows} rows that fit it",
        "rows_odd": "the answer to the documented question does not fit it in: {what}",
        "refused": "refused with {code}: {explanation}",
        "unreadable": "the answer breaks the spec: {reason}",
        "missing": "the answer has no data: {reason}",
        "fields": "fields that this release does not know: {fields}",
        "values": "values of {field} that this release does not know: {values}",
        "no_example": "the documentation shows no question for this account ({account})",
        "rule": "the account's settings forbid it ({rules})",
        "unable": "The check could not be carried out: {reason}",
        "done": "{agrees} agree, {new} new, {differs} differ, {skipped} skipped.",
    },
    "zh": {
        "agrees": "一致",
        "new": "新增",
        "differs": "不一致",
        "skipped": "跳过",
        "mock": "内置模拟交易所，用户 {user}；设置 OKX_API_KEY 等环境变量后将检查 OKX。",
        "live": "{where}，使用环境变量中的密钥。",
        "offset": "交易所时钟与本机相差 {seconds} 秒",
        "skew": "时间戳取自交易所时钟，仍被拒绝",
        "mode": "账户模式 {mode}",
        "mode_unknown": "本版本不认识的账户模式",
        "permissions": "密钥权限：{permissions}",
        "pairs": "{count} 个杠杆币对，均按“交易币-计价币”命名",
        "pairs_odd": "没有杠杆币对，或命名不是“交易币-计价币”：{pairs}",
        "rows": "文档中的查询返回 {rows} 行，与查询相符",
        "rows_odd": "文档中的查询，其应答与查询不符：{what}",
        "refused": "被拒绝，{code}：{explanation}",
        "unreadable": "应答违反规范：{reason}",
        "missing": "应答中没有数据：{reason}",
        "fields": "本版本不认识的字段：{fields}",
        "values": "{field} 出现本版本不认识的取值：{values}",
        "no_example": "文档没有该账户（{account}）的查询示例",
        "rule": "账户设置不允许（{rules}）",
        "unable": "无法完成检查：{reason}",
        "done": "一致 {agrees}，新增 {new}，不一致 {differs}，跳过 {skipped}。",
    },
}


def run(say: Callable[[str], object], language: Literal["en", "zh"] = "en", user: str | None = None) -> int:
    """Check OKX with the keys of the environment or, without any or with `user`, the embedded mock as that user.

    Gives 0 when everything agrees, 1 when something differs, 2 when the check could not be carried out.
    """
    words = WORDS[language]
    with ExitStack() as opened:
        try:
            client, where = _client(opened, words, language, user)
        except ValueError as wrong:
            say(words["unable"].format(reason=wrong))
            return UNKNOWN
        say(where)
        return _report(client, words, say)


def _report(client: MaxLoanClient, words: Mapping[str, str], say: Callable[[str], object]) -> int:
    counts = dict.fromkeys(("agrees", "new", "differs", "skipped"), 0)
    try:
        for finding in verify(client):
            counts[finding.state] += 1
            say(_line(finding, words))
    except OkxError as error:
        say(words["unable"].format(reason=error))
        return UNKNOWN
    say(words["done"].format(**counts))
    return DIFFERS if counts["differs"] else AGREES


def _line(finding: Finding, words: Mapping[str, str]) -> str:
    return f"{words[finding.state]}: {finding.check}: {words[finding.word].format(**finding.about)}"


def _client(
    opened: ExitStack, words: Mapping[str, str], language: Literal["en", "zh"], user: str | None
) -> tuple[MaxLoanClient, str]:
    if user is None and os.environ.get("OKX_API_KEY"):
        client = opened.enter_context(MaxLoanClient.from_env(language=language))
        where = os.environ.get("OKX_BASE_URL") or f"OKX {os.environ.get('OKX_SITE', 'global')}"
        return client, words["live"].format(where=where)
    from okx_maxloan_sdk.mock.server import run_mock_server  # noqa: PLC0415 -- the extra `mock` is for the mock alone

    exchange = opened.enter_context(run_mock_server())
    name = user or "spot"
    if name not in exchange.exchange.users:
        message = f"no user {name!r}; the mock exchange has {', '.join(exchange.exchange.users)}"
        raise ValueError(message)
    return exchange.client(name, language=language), words["mock"].format(user=name)
