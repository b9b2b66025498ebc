"""The `upswell` command: a file a subcommand, each loaded only when it is called."""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
import typer.core

from pipeline.cli.errors import DONE, INTERRUPTED, READER_GONE, WRONG_USE, CommandError, complain
from pipeline.gc_tuning import start_rarely

# name -> the line that `upswell --help` shows; the function of that name in the module of that name does the work
COMMANDS = {
    "demo": "Watch it work on simulated posts, nothing else needed.",
    "record": "Keep what arrives as archives, to be replayed.",
    "replay": "Play archives through the pipeline: what trended, when.",
    "why": "The arithmetic of a topic's score at a moment, line by line.",
    "topics": "Make the topics of upswell on Kafka: topics init.",
    "produce": "Push posts from standard input to Kafka.",
    "forget": "Withdraw all that somebody wrote, archives included.",
    "sources": "Bring posts from networks, feeds and mailboxes to Kafka.",
    "trends": "Follow the lists of trends that workers publish.",
    "doctor": "Check Kafka, topics, workers and settings, with remedies.",
    "up": "Everything on this machine: push posts to it.",
    "worker": "Count and rank the posts on Kafka.",
    "reload": "Put the events, watchlists and rules of upswell.toml in force.",
    "serve": "Serve the live page and the API.",
    "extract": "Hashtags, cashtags, mentions and links of texts, as JSON.",
    "simulate": "Write a labelled stream of posts from a seed.",
    "evaluate": "Judge the live list on a labelled stream.",
    "score": "Score series of counts (CSV) for bursts.",
    "alerts": "Alerts by rules: deliver them, try rules out, mute.",
    "report": "Write what happened at an event: a page and JSON.",
}

HELP = """Live trending topics: raw posts in, explained trends out.

A topic trends when clearly more different people say different things about it than its own past lets one expect.
"""

EXAMPLES = """Examples:

\b
  upswell demo                                     see it work, nothing else needed
  upswell replay archive/ --top 10                 what trended in these files, by their own clock
  upswell replay 'tweets/*.gz' --out lists.ndjson  every list of every scope, for your own tools
  zcat posts.gz | upswell replay - --window 5m     from standard input
  upswell extract 'Bonjour #CapComNet @ville'      {"hashtags": [...], "mentions": [...], ...}

Settings come from flags, then UPSWELL_* variables, then upswell.toml in the current folder.
Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted.
"""


class LazyGroup(typer.core.TyperGroup):
    """Lists the subcommands without importing them; imports the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in COMMANDS:
            self.commands[args[0]] = load(args[0])
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # caught here: the layers above turn it into a failure
            raise typer.Exit(READER_GONE) from None


@functools.cache
def load(name: str) -> Any:
    """The subcommand with its flags, imported now."""
    holder = typer.Typer(add_completion=False, rich_markup_mode=None)
    holder.command(name, short_help=COMMANDS[name])(getattr(importlib.import_module(f"pipeline.cli.{name}"), name))
    return typer.main.get_command(holder)


def _stub() -> NoReturn:
    raise AssertionError("LazyGroup puts the real command in the place of this one before it is called")


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"upswell {version('upswell')}")
        raise typer.Exit


app = typer.Typer(
    cls=LazyGroup,
    help=HELP,
    epilog=EXAMPLES,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _line in COMMANDS.items():
    app.command(_name, help=_line)(_stub)


@app.callback(invoke_without_command=True)
def upswell(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Shows the help when no subcommand is named."""
    if ctx.invoked_subcommand is None and not version:
        print(ctx.get_help())


@functools.cache
def _built(command: typer.Typer) -> Any:
    """The parser of its command lines, put together once for all that a process runs."""
    return typer.main.get_command(command)


def run(args: Sequence[str], command: typer.Typer = app, name: str = "upswell") -> int:
    """Runs one command line and returns its exit code; every expected fault has become one line on standard error."""
    try:
        code = _built(command)(args=list(args), prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except CommandError as error:
        complain(str(error))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        code = READER_GONE
    except Exception as error:
        # typer's parse errors of different releases share this method, and no public base class
        if not hasattr(error, "format_message"):
            raise
        or_of_command = " or 'upswell COMMAND --help'" if command is app else ""
        complain(f"{error.format_message().rstrip('.')}. Try '{name} --help'{or_of_command}.")
        return WRONG_USE
    if code == READER_GONE:
        # what is still buffered has no reader, and the interpreter would complain about it at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code if isinstance(code, int) else DONE


def end_cleanly(number: int, _frame: FrameType | None) -> NoReturn:
    """Handles SIGTERM as Ctrl-C is handled."""
    raise KeyboardInterrupt(number)


def main() -> None:
    """The console script: SIGTERM ends it as cleanly as Ctrl-C does."""
    start_rarely()
    # numpy would begin a thread for each core for linear algebra, of which there is none here: 0.1 CPU s of each start
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, end_cleanly)
    sys.exit(run(sys.argv[1:]))
