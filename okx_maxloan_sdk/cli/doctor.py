"""okx-maxloan doctor: why it does not work, or that it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import cells
from .checks import CHECKS, Case, Finding, State, refused
from .command import NAME, Command, Run
from .render import GAP, console
from .source import Asker, asker, options
from .troubles import FAILED, OK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .words import Language, Words

STYLES = {"ok": "green", "note": "yellow", "bad": "red"}
WORDS: Words = {
    "en": {
        "about": "Look at everything that has to be right, from the credentials' form to one real question, and say"
        " what to do about the first thing that is not.",
        "state_ok": "ok",
        "state_note": "note",
        "state_bad": "FAIL",
        "check_form": "credentials",
        "check_site": "site",
        "check_name": "name",
        "check_line": "connection",
        "check_tls": "TLS",
        "check_clock": "clock",
        "check_key": "key",
        "check_permission": "permission",
        "check_addresses": "IP list",
        "check_mode": "account mode",
        "check_question": "question",
        "check_limit": "rate limit",
        "rest": "The rest needs this and was not tried.",
        "form": "of the right form, from {origin}",
        "quoted": "a part has quotes or blanks around it; set it without them",
        "swapped": "API key and secret are swapped",
        "same": "two of key, secret and passphrase are the same; each is a text of its own",
        "odd": "{parts} does not look as OKX makes them (the key like 0a1b2c3d-0a1b-…, the secret 32 hexadecimal"
        " digits); was it copied whole?",
        "live": "{url}, live trading",
        "demo": "{url}, demo trading",
        "name": "{host} is known",
        "no_name": "{host} is not found ({reason}); is this machine online, and does its DNS answer?",
        "line": "{host}:{port} can be reached",
        "no_line": "{host}:{port} cannot be reached ({reason}); look at the network, the VPN and the firewall, or set"
        " a proxy with HTTPS_PROXY",
        "proxy": "the proxy {host}:{port} can be reached",
        "no_proxy": "the proxy {host}:{port} cannot be reached ({reason}); correct HTTPS_PROXY or unset it",
        "plain": "not needed on this machine",
        "tls_later": "checked through the proxy, with the next question",
        "tls": "{version}, the certificate is trusted",
        "no_trust": "the certificate is not trusted ({reason}); something on the way opens the connection: leave that"
        " network, or name its certificate with SSL_CERT_FILE if it is your company's",
        "no_tls": "no secure connection ({reason}); a proxy or firewall on the way speaks instead of OKX",
        "clock": "{seconds} s between OKX's clock and this machine's",
        "clock_loose": "OKX's clock is {seconds} s from this machine's; this SDK corrects that, other programs do not:"
        " turn on time synchronisation",
        "clock_bad": "OKX's clock is {seconds} s from this machine's; it refuses more than 30: turn on time"
        " synchronisation",
        "account_main": "accepted, main account {uid}",
        "account_sub": "accepted, sub-account {uid}",
        "region": "{url} does not know this key (50119). A key is known to the regional site that it was made on and"
        " to no other: set OKX_SITE to eea, us or tr, whichever you log in to. If that is right, the key was deleted"
        " or mistyped.",
        "key": "the API key was mistyped (50111); copy it again",
        "secret": "the secret does not belong to this key (50113); copy it again, or make a new key",
        "passphrase": "wrong passphrase (50105). It is the one that was typed when the key was made, not the password"
        " of the account; if it is lost, make a new key.",
        "address": "this machine's address is not on the key's IP list (50110): {said}. Add it on OKX's API page, or"
        " ask from a machine that is on it; a VPN changes the address.",
        "demo_key": "the key is for demo trading, and live trading was asked (50101): set OKX_DEMO=1, or use a live"
        " key",
        "live_key": "the key is for live trading, and demo trading was asked (50101): unset OKX_DEMO, or use a demo"
        " key",
        "refused": "refused with {code}: {explanation} {hint}",
        "read": "may read, and nothing else",
        "too_much": "may also {more}; a key that may only read is enough for this",
        "no_read": "may {allowed}, but not read: tick Read for this key on OKX's API page",
        "bound": "bound to {ips}",
        "unbound": "bound to no address; whoever finds the key can use it: bind it to yours on OKX's API page",
        "spot": "Spot, borrowing on: ask for pairs or currencies with cross",
        "spot_plain": "Spot, borrowing off: nothing can be borrowed until it is turned on in OKX's trade settings",
        "futures": "Futures: ask for pairs with isolated, or with cross and --mgn-ccy",
        "futures_either": "Futures, either currency as margin: ask for pairs with --mgn-ccy",
        "multi_currency": "Multi-currency margin: ask for pairs with cross",
        "portfolio": "Portfolio margin: ask for pairs with cross",
        "mode_unknown": "a mode that this release does not know",
        "asked": "{question}: {rows} rows",
        "failed": "{reason}",
        "limit": "{where}: {slots} slots, {held} held",
        "cut": "{where}: {cut} slots cut after refusals; another program sends for this user: share a limiter with it",
    },
    "zh": {
        "about": "从凭证格式到一次真实查询，逐项检查，并对第一个问题说明应如何处理。",
        "state_ok": "正常",
        "state_note": "注意",
        "state_bad": "失败",
        "check_form": "凭证",
        "check_site": "站点",
        "check_name": "域名",
        "check_line": "连接",
        "check_tls": "TLS",
        "check_clock": "时钟",
        "check_key": "密钥",
        "check_permission": "权限",
        "check_addresses": "IP 白名单",
        "check_mode": "账户模式",
        "check_question": "查询",
        "check_limit": "限速",
        "rest": "其余检查以此为前提，未进行。",
        "form": "格式正确，来自 {origin}",
        "quoted": "有一项首尾带引号或空格；请去掉",
        "swapped": "API key 与 secret 填反了",
        "same": "key、secret、passphrase 中有两项相同；三者应各不相同",
        "odd": "{parts} 不像 OKX 生成的格式（key 形如 0a1b2c3d-0a1b-…，secret 为 32 位十六进制）；是否复制完整？",
        "live": "{url}，实盘",
        "demo": "{url}，模拟盘",
        "name": "{host} 可以解析",
        "no_name": "无法解析 {host}（{reason}）；本机是否联网，DNS 是否正常？",
        "line": "{host}:{port} 可以连接",
        "no_line": "无法连接 {host}:{port}（{reason}）；请检查网络、VPN 和防火墙，或用 HTTPS_PROXY 设置代理",
        "proxy": "代理 {host}:{port} 可以连接",
        "no_proxy": "无法连接代理 {host}:{port}（{reason}）；请更正或取消 HTTPS_PROXY",
        "plain": "本机无需 TLS",
        "tls_later": "经代理，由下一项检查",
        "tls": "{version}，证书可信",
        "no_trust": "证书不可信（{reason}）；途中有设备解开了连接：请更换网络；若是公司的证书，请用 SSL_CERT_FILE 指明",
        "no_tls": "无法建立安全连接（{reason}）；应答的是途中的代理或防火墙，而不是 OKX",
        "clock": "OKX 时钟与本机相差 {seconds} 秒",
        "clock_loose": "OKX 时钟与本机相差 {seconds} 秒；本 SDK 会自动校正，其他程序不会：请开启时间同步",
        "clock_bad": "OKX 时钟与本机相差 {seconds} 秒，超过 30 秒会被拒绝：请开启时间同步",
        "account_main": "有效，母账户 {uid}",
        "account_sub": "有效，子账户 {uid}",
        "region": "{url} 不认识该密钥（50119）。密钥只属于创建它的区域站点：请把 OKX_SITE 设为您登录的站点 eea、us 或"
        " tr。若站点无误，则密钥已被删除或输入有误。",
        "key": "API key 输入有误（50111）；请重新复制",
        "secret": "secret 与该 key 不匹配（50113）；请重新复制，或新建密钥",
        "passphrase": "passphrase 错误（50105）。它是创建密钥时填写的，不是账户登录密码；若已遗忘，请新建密钥。",
        "address": "本机地址不在密钥的 IP 白名单中（50110）：{said}。请在 OKX 的 API 页面添加，或换用白名单内的机器；"
        "VPN 会改变地址。",
        "demo_key": "这是模拟盘密钥，而查询的是实盘（50101）：请设 OKX_DEMO=1，或使用实盘密钥",
        "live_key": "这是实盘密钥，而查询的是模拟盘（50101）：请取消 OKX_DEMO，或使用模拟盘密钥",
        "refused": "被拒绝，{code}：{explanation} {hint}",
        "read": "仅有读取权限",
        "too_much": "还有 {more} 权限；只读密钥即可满足需要",
        "no_read": "有 {allowed} 权限，但没有读取权限：请在 OKX 的 API 页面勾选读取",
        "bound": "绑定 {ips}",
        "unbound": "未绑定 IP；密钥泄露后任何人都可使用：请在 OKX 的 API 页面绑定",
        "spot": "现货，已开通借币：用 cross 查询币对或币种",
        "spot_plain": "现货，未开通借币：在 OKX 交易设置中开通之前无法借币",
        "futures": "合约：用 isolated 查询币对，或用 cross 加 --mgn-ccy",
        "futures_either": "合约，交易币与计价币均可作保证金：查询币对时加 --mgn-ccy",
        "multi_currency": "跨币种保证金：用 cross 查询币对",
        "portfolio": "组合保证金：用 cross 查询币对",
        "mode_unknown": "本版本不认识的模式",
        "asked": "{question}：{rows} 行",
        "failed": "{reason}",
        "limit": "{where}：共 {slots} 个名额，占用 {held} 个",
        "cut": "{where}：因被拒绝减少了 {cut} 个名额；另有程序使用同一用户：请与它共用限速器",
    },
}


def command(lang: Language) -> Command:
    """Make the command."""
    return Command(
        "doctor", lang, doctor, WORDS[lang]["about"], options(lang), (f"{NAME} doctor", f"{NAME} doctor --mock")
    )


def doctor(run: Run, **who: Any) -> int:
    """Print one line for each check, until one fails; give 1 then."""
    with asker(Asker(**who), "cross") as settings:
        case = Case(run, settings)
        try:
            states = [show(run, name, finding) for name, finding in examine(case)]
        finally:
            if case.client is not None:
                case.client.close()
    if "bad" not in states:
        return OK
    if len(states) < len(CHECKS):
        console().print(WORDS[run.lang]["rest"])
    return FAILED


def examine(case: Case) -> Iterator[tuple[str, Finding]]:
    """Make the checks in their order, up to the first that fails."""
    from okx_maxloan_sdk import ApiError, OkxError  # noqa: PLC0415 -- help does not need them

    for name, check in CHECKS.items():
        try:
            finding = check(case)
        except ApiError as error:
            finding = refused(case, error)
        except (OkxError, ValueError) as error:
            finding = Finding("bad", "failed", {"reason": error})
        yield name, finding
        if finding.state == "bad":
            return


def show(run: Run, name: str, finding: Finding) -> State:
    """Print one finding, its words beside its name or, on a narrow terminal, below it."""
    from rich.text import Text  # noqa: PLC0415 -- help does not need it

    words, out = WORDS[run.lang], console()
    state_room = max(cells.width(words[f"state_{state}"]) for state in STYLES)
    name_room = max(cells.width(words[f"check_{each}"]) for each in CHECKS)
    said = run.mask(words[finding.word].format(**finding.about)).strip()
    indent = state_room + name_room + 2 * len(GAP)
    narrow = out.width < 2 * indent
    lines = cells.wrap(said, out.width - (len(GAP) if narrow else indent))
    first, *more = ["", *lines] if narrow else lines
    state = cells.left(words[f"state_{finding.state}"], state_room)
    title = f"{GAP}{cells.left(words[f'check_{name}'], name_room)}{GAP}"
    out.print(Text.assemble((state, STYLES[finding.state]), (title, "bold"), first))
    for line in more:
        out.print(Text(" " * (len(GAP) if narrow else indent) + line))
    return finding.state
