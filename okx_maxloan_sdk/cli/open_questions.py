"""Open questions of okx-maxloan verify: list their requests, send them, print and write what came back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from okx_maxloan_api.open_questions import OPEN_QUESTIONS

from okx_maxloan_sdk import AuthenticationError, OkxError, PermissionDeniedError, Site, __version__
from okx_maxloan_sdk.codec import GET_MAX_LOAN
from okx_maxloan_sdk.sites import is_loopback, parse_origin
from okx_maxloan_sdk.validation import ENFORCED_BASES
from okx_maxloan_sdk.verify.open_questions import (
    MAX_REQUESTS,
    REQUESTS_BEFORE,
    Answer,
    allowed_questions,
    ask,
    needed_pairs,
    report,
    request_of,
)

from .connection import base_url, create_client, resolve_settings
from .errors import CliError, ExitCode
from .i18n import text
from .report import heading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from okx_maxloan_api.contract import OpenQuestion, Outcome

    from .base import Run
    from .config import Settings
    from .connection import ConnectionOptions
    from .i18n import Language

# No later request would succeed, and OKX blocks addresses that repeat wrong credentials.
FATAL_ERRORS = (AuthenticationError, PermissionDeniedError)
# Addresses of OKX beside those of `Site`: its documentation calls them equal, or its own tools use them.
OTHER_ADDRESSES = {"https://www.okx.com": "global", "https://app.okx.com": "us"}
EFFECTS = ("confirms", "supports", "refutes")


def list_requests(lang: Language) -> None:
    """Print every question with its request, and the accounts that may send it; nothing is sent."""
    print("\n".join(REQUESTS_BEFORE))
    for each in OPEN_QUESTIONS:
        accounts = " | ".join(_format_condition(condition) for condition in each.accounts)
        print(f"{each.id}: {_words(each, lang)}\n  {request_of(each)}\n  {accounts}")
    print(text(lang, "questions.dry_run", count=len(OPEN_QUESTIONS), most=MAX_REQUESTS))


def ask_open_questions(run: Run, options: ConnectionOptions, file: str | None) -> int:
    """Send the requests that the account may send, print what came back, and return the exit code."""
    if len(options.profiles) > 1:
        raise CliError("one_profile")
    if file is not None:
        _check_writable(Path(file))
    with resolve_settings(options) as accounts:
        (settings,) = accounts
        run.secrets |= settings.secrets
        print(run.redact(heading(settings, run.lang)))
        with create_client(run, settings, max_retries=0) as client:
            client.sync_clock()
            account = client.get_account()
            tradable = [each.inst_id for each in client.get_instruments("MARGIN")]
            answers: list[Answer] = []
            questions = allowed_questions(account, tradable)
            if missing := {
                pair for each in allowed_questions(account, ()) for pair in needed_pairs(each) - {*tradable}
            }:
                print(text(run.lang, "questions.not_tradable", pairs=sorted(missing)))
            for question in questions:
                print(f"\n{question.id}: {_words(question, run.lang)}\n  {request_of(question)}")
                try:
                    answers.append(ask(client, question))
                except OkxError as error:
                    print(f"  {text(run.lang, 'questions.no_verdict', reason=run.redact(str(error)))}")
                    if isinstance(error, FATAL_ERRORS):
                        break
                else:
                    print("\n".join(f"  {line}" for line in _describe(answers[-1], run.lang)))
        print("\n" + text(run.lang, "questions.summary", asked=len(answers), allowed=len(questions)))
        found = report(answers, account, site=_site(settings), version=__version__, is_demo=settings.demo)
        if file is not None:
            Path(file).write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            print(text(run.lang, "questions.written", path=file))
            print(_markdown(found))
    if questions and not answers:
        return ExitCode.USAGE
    return ExitCode.FAILURE if any(_refuted_rules(each.outcome) for each in answers) else ExitCode.OK


def _describe(answer: Answer, lang: Language) -> list[str]:
    rows = (", ".join(f"{name}={value}" for name, value in row.items()) for row in answer.rows)
    lines = [text(lang, "questions.response", status=answer.status, okx_code=answer.code, rows=len(answer.rows)), *rows]
    if answer.headers:
        lines.append(text(lang, "questions.headers", names=list(answer.headers)))
    outcome = answer.outcome
    if outcome is None:
        return [*lines, f"=> {text(lang, 'questions.unexpected')}"]
    lines.append(f"=> {_words(outcome, lang)}")
    effects = {effect: list(getattr(outcome, effect)) for effect in EFFECTS}
    return lines + [text(lang, f"questions.{effect}", rules=rules) for effect, rules in effects.items() if rules]


def _check_writable(path: Path) -> None:
    """Raise `OSError` for a file that cannot be written, before anything is sent."""
    is_new = not path.exists()
    path.open("a").close()
    if is_new:
        path.unlink()


def _refuted_rules(outcome: Outcome | None) -> set[str]:
    """Return the rules that are enforced although they do not hold."""
    enforced = {rule.id for rule in GET_MAX_LOAN.rules if rule.basis in ENFORCED_BASES}
    return enforced & {*(outcome.refutes if outcome else ())}


def _site(settings: Settings) -> str:
    """Return the site that a report names: a regional site, mock, or other for an address that is neither."""
    url = base_url(settings)
    sites = {**OTHER_ADDRESSES, **{site.value: site.name.lower() for site in Site}}
    named = sites.get(url.rstrip("/"), "other")
    return "mock" if settings.is_mock or is_loopback(parse_origin(url).host) else named


def _markdown(found: Mapping[str, Any]) -> str:
    """Return the report as a block for an issue."""
    account = ", ".join(f"{name.removeprefix('account.')}: {value}" for name, value in found["account"].items())
    heads = ("question", "outcome", "HTTP", "code", "rows")
    lines: Iterable[Iterable[str]] = [
        heads,
        ["---"] * len(heads),
        *(
            (each["question"], each["outcome"] or "?", str(each["status"]), each["code"], str(len(each["rows"])))
            for each in found["answers"]
        ),
    ]
    return "\n".join(
        [
            f"\n{found['date']}, {found['site']}, {found['trading']}, {account}, spec {found['spec_version']}\n",
            *(f"| {' | '.join(line)} |" for line in lines),
            f"\n```json\n{json.dumps(found, ensure_ascii=False)}\n```",
        ]
    )


def _words(each: OpenQuestion | Outcome, lang: Language) -> str:
    return each.zh if lang == "zh" else each.en


def _format_condition(condition: Mapping[str, tuple[str, ...]]) -> str:
    return ", ".join(f"{name.removeprefix('account.')}: {' / '.join(values)}" for name, values in condition.items())
