"""Command okx-maxloan verify: whether OKX still behaves as this release expects, and answers to open questions."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from okx_maxloan_api.contract import GET_MAX_LOAN, OpenQuestion
from okx_maxloan_api.open_questions import OPEN_QUESTIONS

from okx_maxloan_sdk import AuthenticationError, MaxLoanClient, OkxError, PermissionDeniedError, Site, __version__
from okx_maxloan_sdk.sites import is_loopback, parse_origin
from okx_maxloan_sdk.validation import ENFORCED_BASES
from okx_maxloan_sdk.verify import open_questions as questions
from okx_maxloan_sdk.verify.checks import VERIFY_CHECKS

from .base import Command, Run
from .config import Settings
from .connection import connection_options, create_client, open_connections
from .doctor import STATE_STYLES, heading, run_report
from .errors import CliError, ExitCode
from .i18n import LANGUAGE, text

# No later request would succeed, and OKX blocks addresses that repeat wrong credentials.
FATAL_ERRORS = (AuthenticationError, PermissionDeniedError)
# Addresses of OKX beside those of `Site`: its documentation calls them equal, or its own tools use them.
OTHER_ADDRESSES = {"https://www.okx.com": "global", "https://app.okx.com": "us"}
EFFECTS = ("confirms", "supports", "refutes")


def command() -> Command:
    """Create the command."""
    file = click.Path(dir_okay=False, path_type=Path)
    params = [
        click.Option(["--open-questions"], is_flag=True, help=text("verify.open_questions")),
        click.Option(["--dry-run"], is_flag=True, help=text("verify.dry_run")),
        click.Option(["--report", "file"], type=file, metavar="FILE", help=text("verify.report")),
        *connection_options(),
    ]
    return Command("verify", verify, params, exit_codes="verify.exit_codes")


def verify(run: Run, *, open_questions: bool, dry_run: bool, file: Path | None, **options: Any) -> int:
    """Check each account, print a summary, and return the exit code."""
    if (dry_run or file) and not open_questions:
        raise CliError("open_questions_needed", option="--dry-run" if dry_run else "--report")
    if dry_run:
        list_requests()
        return ExitCode.OK
    if open_questions:
        return ask_open_questions(run, file, **options)
    results = run_report(run, VERIFY_CHECKS, stops_at_failure=False, **options)
    counts: Counter[str] = Counter(each.state for each in results)
    print(text("report.summary", **{state: counts[state] for state in STATE_STYLES}))
    if any(each.is_inconclusive for each in results):
        print(text("report.inconclusive"))
        return ExitCode.USAGE
    return ExitCode.FAILURE if counts["failed"] else ExitCode.OK


def list_requests() -> None:
    """Print every question with its request, and the accounts that may send it; nothing is sent."""
    print("\n".join(questions.REQUESTS_BEFORE))
    for each in OPEN_QUESTIONS:
        conditions = ({name: " / ".join(values) for name, values in account.items()} for account in each.accounts)
        print(f"{_format_question(each)}\n  {' | '.join(map(_format_account, conditions))}")
    print(text("questions.dry_run", count=len(OPEN_QUESTIONS), most=questions.MAX_REQUESTS))


def ask_open_questions(run: Run, file: Path | None, **options: Any) -> int:
    """Send the requests that the account may send, print what came back, and return the exit code."""
    if len(options["profiles"]) > 1:
        raise CliError("one_profile")
    if file is not None:
        # One that cannot be written is an error before anything is sent.
        is_new = not file.exists()
        file.open("a").close()
        if is_new:
            file.unlink()
    with open_connections(run, **options) as (connection,):
        settings = connection.settings
        print(run.redact(heading(settings)))
        with create_client(settings, max_retries=0) as client:
            client.sync_clock()
            account = client.get_account()
            tradable = [each.inst_id for each in client.get_instruments("MARGIN")]
            allowed = questions.allowed_questions(account, tradable)
            needed = {
                pair for each in questions.allowed_questions(account, ()) for pair in questions.needed_pairs(each)
            }
            if missing := needed - {*tradable}:
                print(text("questions.not_tradable", pairs=sorted(missing)))
            answers = _ask_each(run, client, allowed)
        print("\n" + text("questions.summary", asked=len(answers), allowed=len(allowed)))
        if file is not None:
            found = questions.report(answers, account, site=_site(settings), version=__version__, is_demo=settings.demo)
            file.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            print(text("questions.written", path=file))
            print(_markdown(found))
    if allowed and not answers:
        return ExitCode.USAGE
    # A rule that is enforced although it does not hold.
    enforced = {rule.id for rule in GET_MAX_LOAN.rules if rule.basis in ENFORCED_BASES}
    refuted = {rule for each in answers if each.outcome for rule in each.outcome.refutes}
    return ExitCode.FAILURE if enforced & refuted else ExitCode.OK


def _ask_each(run: Run, client: MaxLoanClient, allowed: list[OpenQuestion]) -> list[questions.Answer]:
    answers: list[questions.Answer] = []
    for question in allowed:
        print(f"\n{_format_question(question)}")
        try:
            answers.append(questions.ask(client, question))
        except OkxError as error:
            print(f"  {text('questions.no_verdict', reason=run.redact(str(error)))}")
            if isinstance(error, FATAL_ERRORS):
                break
        else:
            print("\n".join(f"  {line}" for line in _describe(answers[-1])))
    return answers


def _describe(answer: questions.Answer) -> list[str]:
    rows = (", ".join(f"{name}={value}" for name, value in row.items()) for row in answer.rows)
    lines = [text("questions.response", status=answer.status, okx_code=answer.code, rows=len(answer.rows)), *rows]
    if answer.headers:
        lines.append(text("questions.headers", names=list(answer.headers)))
    outcome = answer.outcome
    if outcome is None:
        return [*lines, f"=> {text('questions.unexpected')}"]
    lines.append(f"=> {getattr(outcome, LANGUAGE.get())}")
    effects = {effect: list(getattr(outcome, effect)) for effect in EFFECTS}
    return lines + [text(f"questions.{effect}", rules=rules) for effect, rules in effects.items() if rules]


def _site(settings: Settings) -> str:
    """Return the site that a report names: a regional site, mock, or other for an address that is neither."""
    sites = {**OTHER_ADDRESSES, **{site.value: site.name.lower() for site in Site}}
    named = sites.get(settings.url.rstrip("/"), "other")
    return "mock" if settings.is_mock or is_loopback(parse_origin(settings.url).host) else named


def _markdown(found: Mapping[str, Any]) -> str:
    """Return the report as a block for an issue."""
    heading = f"{found['date']}, {found['site']}, {found['trading']}, {_format_account(found['account'])}"
    lines = ["| question | outcome | HTTP | code | rows |", "| --- | --- | --- | --- | --- |"]
    for each in found["answers"]:
        cells = each["question"], each["outcome"] or "?", str(each["status"]), each["code"], str(len(each["rows"]))
        lines.append(f"| {' | '.join(cells)} |")
    block = f"```json\n{json.dumps(found, ensure_ascii=False)}\n```"
    return "\n".join(["", f"{heading}, spec {found['spec_version']}", "", *lines, "", block])


def _format_question(question: OpenQuestion) -> str:
    return f"{question.id}: {getattr(question, LANGUAGE.get())}\n  {questions.request_of(question)}"


def _format_account(account: Mapping[str, str]) -> str:
    return ", ".join(f"{name.removeprefix('account.')}: {value}" for name, value in account.items())
