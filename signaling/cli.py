"""The command `rostrum`: what people type, and the one sentence they get when it cannot be done.

The law: a mistake is one sentence on stderr and an exit code that is not 0, never a traceback; a
command imports what it needs when it runs, so that help is quick. What is done is done elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

import typer

from signaling import invite_cli, programme_cli, session_cli
from signaling.asking import CommandError, Server, Shown, address_of, minted
from signaling.supervisor import StartError, run_until_stopped, stop_signals
from stream.settings import SettingsError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Puts a remote keynote speaker in front of a hall and an online audience at the same moment.",
    epilog="Begin with: rostrum demo. Settings come from the environment: see docs/operations.md.",
)
app.add_typer(session_cli.sessions, name="session")
app.add_typer(programme_cli.programme, name="programme")
app.add_typer(invite_cli.invite, name="invite")
bench = typer.Typer(no_args_is_help=True, help="Measure what this machine carries.")
app.add_typer(bench, name="bench")


class Measured(Protocol):
    """Figures, and whether they count."""

    valid: bool

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""


MeasuredT = TypeVar("MeasuredT", bound=Measured)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except (SettingsError, StartError, CommandError) as error:
        sys.stderr.write(f"rostrum: {error}\n")
        sys.exit(1)


@app.command()
def demo(
    host: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 lets phones in.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="The pages' port; by default ROSTRUM_HTTP_PORT or 8080.")
    ] = None,
) -> None:
    """Run everything, with a talk in progress to look at.

    A Redis, a relay, a signaling process and a synthetic speaker on stage; prints the links to its pages.
    Nothing is kept: each start begins anew, and Ctrl-C ends everything.

    Example: rostrum demo --host 0.0.0.0
    """
    from signaling.demo import run

    asyncio.run(run_until_stopped(run(host or "127.0.0.1", port)))


@app.command()
def serve() -> None:
    """Run everything on this machine, supervised: what dies or hangs is started again.

    Needs ROSTRUM_SECRET and ROSTRUM_RELAY_SECRET. Redis is one of our own unless ROSTRUM_REDIS_URL
    is set.

    Example: ROSTRUM_SECRET_FILE=/etc/rostrum/a ROSTRUM_RELAY_SECRET_FILE=/etc/rostrum/b rostrum serve
    """
    from signaling.launch import stack

    async def run() -> None:
        async with stack(os.environ, _say) as running:
            _say("rostrum", f"serving at {running.url}")
            await asyncio.Event().wait()

    asyncio.run(run_until_stopped(run()))


@app.command()
def relay() -> None:
    """Run a relay alone: the media of sessions that signaling tells it of.

    Example: ROSTRUM_RELAY_SECRET_FILE=/etc/rostrum/relay ROSTRUM_ANNOUNCE=203.0.113.5 rostrum relay
    """
    from signaling.launch import check_relay_ports
    from stream.relay import main as run_relay
    from stream.settings import RelaySettings

    check_relay_ports(RelaySettings.from_environment(os.environ))
    sys.exit(run_relay())


@app.command()
def signaling() -> None:
    """Run signaling alone: pages, WebSocket, WHIP and WHEP, REST.

    Reaches its relays at ROSTRUM_RELAY_URL and Redis at ROSTRUM_REDIS_URL; without the latter, it
    runs a Redis of its own in ROSTRUM_DATA.

    Example: ROSTRUM_REDIS_URL=redis://db:6379 ROSTRUM_RELAY_URL=http://10.0.0.5:7001 rostrum signaling
    """
    from signaling.settings import SignalingSettings
    from signaling.worker import serve as serve_signaling
    from stream.child_process import wait_for_turn

    wait_for_turn()
    settings = SignalingSettings.from_environment(os.environ)
    _log_at(settings.log_level)

    async def run() -> None:
        async with stop_signals() as stop:
            await serve_signaling(settings, stop)

    asyncio.run(run())


@app.command()
def publish(
    file: Annotated[
        Path | None,
        typer.Argument(help="A media file to play, again and again.", exists=True, dir_okay=False),
    ] = None,
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="A test card with a clock, and slides.")
    ] = False,
    frame_rate: Annotated[
        int, typer.Option(min=1, max=30, help="Pictures of the test card a second; fewer cost less.")
    ] = 30,
    session: Annotated[str, typer.Option(help="The session's id.")] = "keynote",
    server: Server = "",
    token: Shown = "",
) -> None:
    """Publish a file or a synthetic speaker into a session, and be present there to be brought on stage.

    Comes back by itself when relay or server go away. Ends with Ctrl-C.

    Example: rostrum publish talk.mp4 --session keynote --token "$(rostrum token --role speaker)"
    """
    from signaling.publishing import run

    if (file is None) is not synthetic:
        raise CommandError("Say what to publish: either a FILE or --synthetic.")
    _log_at(os.environ.get("ROSTRUM_LOG_LEVEL", "info"))
    address = address_of(server)
    wanted = {"role": "speaker", "session": session, "name": "Synthetic speaker", "lifetime": 12 * 3600}
    shown = token or minted(wanted)
    asyncio.run(run(address, session, shown, file, frame_rate))


@app.command()
def rehearse(
    online: Annotated[int, typer.Option(min=8, help="How many watch online, in each session.")] = 20,
    phones: Annotated[int, typer.Option(min=8, help="How many phones are in the hall.")] = 20,
    speech: Annotated[float, typer.Option(min=0, help="Seconds that each speaker speaks.")] = 5,
    redis: Annotated[
        bool, typer.Option("--redis", help="Stop in the middle until you have killed and restarted Redis.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the event on the server, to look at.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    server: Server = "",
    token: Shown = "",
) -> None:
    """Hold a whole conference day on a running server with synthetic people, in minutes.

    An opening with a presider, keynotes, a special report by video whose speaker drops out in the middle,
    results and an award, a joint declaration, a forum of eight, and beside it a symposium by invitation.
    At the end every count must add up: prints what was tried, expected and seen, and ends with 1 where it
    does not. Makes an event of its own, and deletes it. The token must be an owner's of all sessions.

    Example: rostrum rehearse --server https://rostrum.example.org --token "$TOKEN"
    """
    from signaling.rehearsal import by_hand, report
    from signaling.rehearsal.account import Account
    from signaling.rehearsal.guest import UnexpectedError
    from signaling.rehearsal.run import Plan
    from signaling.rehearsal.run import rehearse as hold
    from signaling.rehearsal.sitting import Pace

    logging.getLogger("aioice").setLevel(logging.ERROR)
    owner = token or minted({"role": "owner", "session": "*", "name": "Rehearsal", "lifetime": 6 * 3600})
    plan = Plan(
        Pace(speech, online, phones),
        redis=by_hand.restart(lambda line: _say("rehearse", line)) if redis else None,
        keep=keep,
        tell=lambda check: _say("rehearse", report.line(check)),
    )
    held: list[Account] = []

    async def run() -> None:
        held.append(await hold(address_of(server), owner, plan))

    try:
        asyncio.run(run_until_stopped(run()))
    except UnexpectedError as error:
        raise CommandError(f"The day could not begin: {error}") from None
    if not held:
        raise CommandError("The rehearsal was stopped before its end.")
    typer.echo(report.to_json(held[0]) if as_json else report.table(held[0]))
    if held[0].wrong:
        raise CommandError(report.verdict(held[0]))


@app.command()
def token(
    role: Annotated[
        str, typer.Option(help="viewer, hall, speaker, interpreter, moderator, chair, producer, owner.")
    ],
    session: Annotated[str, typer.Option(help="The session's id; * for an owner of all.")] = "keynote",
    name: Annotated[str, typer.Option(help="The name that others see.")] = "",
    sub: Annotated[str, typer.Option(help="The participant's id; the same id is the same person.")] = "",
    affiliation: Annotated[str, typer.Option(help="Where the person comes from.")] = "",
    title: Annotated[str, typer.Option(help="What the person is.")] = "",
    place: Annotated[str, typer.Option(help="online or hall.")] = "online",
    publish: Annotated[
        list[str] | None, typer.Option(help="A source the person may send: camera, slides, hall. Repeatable.")
    ] = None,
    minutes: Annotated[int, typer.Option(help="How long it holds.")] = 10,
    link: Annotated[bool, typer.Option("--link", help="Print the page's link instead of the token.")] = False,
) -> None:
    """Mint a token with ROSTRUM_SECRET, without asking a server.

    Example: rostrum token --role speaker --session keynote --name "Ada Lindqvist" --minutes 60 --link
    """
    wanted = {
        "role": role,
        "session": session,
        "name": name or role.capitalize(),
        "affiliation": affiliation,
        "title": title,
        "place": place,
        "lifetime": minutes * 60,
    }
    wanted |= {"sub": sub} if sub else {}
    wanted |= {"publish": publish} if publish else {}
    shown = minted(wanted)
    if link:
        from signaling.invitation import PAGES

        shown = f"{address_of('')}/{PAGES.get(role, 'watch')}/#token={shown}"  # type: ignore[call-overload]
    typer.echo(shown)


@app.command()
def doctor() -> None:
    """Look at this machine and say what would keep Rostrum from working.

    Redis, ports, UDP segmentation, the addresses announced, the fan-out in use, the data folder. Each
    line is ok, a warning or a problem, with what to do. Ends with 1 where there is a problem.
    """
    from signaling.doctor import examine

    async def run() -> bool:
        well = True
        async for finding in examine(os.environ):
            typer.echo(f"{finding.level:<8} {finding.about:<10} {finding.says}")
            well = well and finding.level != "problem"
        return well

    if not asyncio.run(run()):
        sys.exit(1)


class Pacing(StrEnum):
    """How a publisher spreads a picture's packets."""

    BURST = "burst"
    BROWSER = "browser"


PacedAs = Annotated[Pacing, typer.Option(help="A picture's packets at once, or spread as browsers do.")]


@bench.command("relay")
def bench_relay(
    viewers: Annotated[int, typer.Option(min=1, help="How many watch.")] = 100,
    seconds: Annotated[float, typer.Option(min=1, help="How long to measure, after a warm-up.")] = 10,
    fanout: Annotated[str, typer.Option(help="As ROSTRUM_FANOUT: auto, or one by name.")] = "auto",
    bitrate: Annotated[int, typer.Option(min=100, help="The picture's, kbit/s.")] = 2000,
    decrypt: Annotated[
        int, typer.Option(min=0, help="How many viewers decrypt and compare; the first also decodes.")
    ] = 1,
    joins: Annotated[bool, typer.Option("--joins", help="Others come and go meanwhile.")] = False,
    join_rate: Annotated[float, typer.Option(min=1, help="With --joins: how many a second.")] = 120,
    pacing: PacedAs = Pacing.BURST,
    workers: Annotated[int, typer.Option(min=1, help="As ROSTRUM_RELAY_WORKERS.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Load a relay of its own with a real publisher and real viewers, and print what it cost.

    Each process of the relay gets a core to itself, the load the others. Ends with 1 where the load,
    not the relay, was the bottleneck: such figures say nothing.

    Example: rostrum bench relay --viewers 300 --seconds 20
    """
    from stream.bench.commands import Wanted
    from stream.bench.commands import bench_relay as measure
    from stream.bench.report import relay_table

    wanted = Wanted(
        viewers, seconds, fanout, bitrate * 1000, decrypt, pacing.value, join_rate if joins else 0.0, workers
    )
    _tell_measured(lambda: asyncio.run(measure(wanted)), relay_table, as_json)


@bench.command("peers")
def bench_peers(
    viewers: Annotated[str, typer.Option(help="Audiences, by comma.")] = "20,100,300",
    fanouts: Annotated[str, typer.Option(help="Our relay's fan-outs, by comma.")] = "auto",
    seconds: Annotated[float, typer.Option(min=1, help="How long to measure each time.")] = 10,
    rounds: Annotated[int, typer.Option(min=1, help="How often each server has its turn.")] = 2,
    pacing: PacedAs = Pacing.BURST,
    output: Annotated[Path | None, typer.Option(help="A file for the figures as JSON.")] = None,
    document: Annotated[
        Path | None, typer.Option(help="A Markdown file whose marked table is written anew.")
    ] = None,
) -> None:
    """Compare our relay with Janus (Debian's package janus): same feed, viewers and core, in turn.

    Example: rostrum bench peers --viewers 20,100,300 --output peers.json
    """
    from stream.bench.commands import bench_peers as compare
    from stream.bench.process import BenchError
    from stream.bench.report import peers_table, to_json, write_into

    try:
        audiences = [int(one) for one in viewers.split(",")]
    except ValueError:
        raise CommandError(f"--viewers takes numbers by comma, not {viewers!r}.") from None
    try:
        found = asyncio.run(
            compare(
                audiences, fanouts.split(","), seconds, rounds, pacing.value, lambda line: _say("bench", line)
            )
        )
        table = peers_table(found)
        if document is not None:
            write_into(document, table)
    except BenchError as error:
        raise CommandError(f"Nothing was measured: {error}") from None
    typer.echo(table)
    if output is not None:
        output.write_text(to_json(found) + "\n", encoding="utf-8")


@bench.command("chat")
def bench_chat(
    viewers: Annotated[int, typer.Option(min=1, help="How many listen, and post in turn.")] = 2000,
    rate: Annotated[float, typer.Option(min=0.1, help="Messages a second, by all together.")] = 5,
    seconds: Annotated[float, typer.Option(min=1, help="How long they talk.")] = 20,
    workers: Annotated[int, typer.Option(min=1, help="Signaling processes.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Load signaling processes of its own with real WebSockets, and print what a chat message costs.

    The servers, Redis among them, share one core, the load has the others. Ends with 1 where the load,
    not the servers, was the bottleneck: such figures say nothing.

    Example: rostrum bench chat --viewers 2000 --rate 5 --seconds 20
    """
    from signaling.bench.chat import Wanted, measure
    from signaling.bench.report import chat_table

    _tell_measured(lambda: measure(Wanted(viewers, rate, seconds, workers)), chat_table, as_json)


@bench.command("votes")
def bench_votes(
    viewers: Annotated[int, typer.Option(min=1, help="How many vote, all at once.")] = 2000,
    waves: Annotated[int, typer.Option(min=1, help="How often: questions and polls by turns.")] = 6,
    workers: Annotated[int, typer.Option(min=1, help="Signaling processes.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Let a whole room vote in one moment, and print how soon everybody was told the whole sum.

    The servers, Redis among them, share one core, the load has the others. Ends with 1 where the load,
    not the servers, was the bottleneck: such figures say nothing.

    Example: rostrum bench votes --viewers 2000
    """
    from signaling.bench.report import votes_table
    from signaling.bench.votes import Wanted, measure

    _tell_measured(lambda: measure(Wanted(viewers, waves, workers)), votes_table, as_json)


@bench.command("connect")
def bench_connect(
    viewers: Annotated[int, typer.Option(min=2, help="How many come.")] = 5000,
    seconds: Annotated[float, typer.Option(min=1, help="Within what time.")] = 10,
    workers: Annotated[int, typer.Option(min=2, help="Signaling processes; one is killed.")] = 2,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Kill all of them, and start them anew.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Let a crowd connect to signaling processes of its own, kill one, and let its people come back.

    The servers, Redis among them, share one core, the load has the others. Ends with 1 where the load,
    not the servers, was the bottleneck: such figures say nothing.

    Example: rostrum bench connect --viewers 5000 --seconds 10
    """
    from signaling.bench.connect import Wanted, measure
    from signaling.bench.report import connect_table

    _tell_measured(lambda: measure(Wanted(viewers, seconds, workers, everybody)), connect_table, as_json)


def _tell_measured(
    measure: Callable[[], MeasuredT], table: Callable[[MeasuredT], str], as_json: bool
) -> None:
    """Print what was measured; end with 1 where it does not count."""
    from stream.bench.process import BenchError
    from stream.bench.report import to_json

    try:
        figures = measure()
    except BenchError as error:
        raise CommandError(f"Nothing was measured: {error}") from None
    typer.echo(to_json(figures.as_dict()) if as_json else table(figures))
    if not figures.valid:
        sys.exit(1)


def _log_at(level: str) -> None:
    logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s: %(message)s")
    # These say a line for each request or connection, with addresses, which belong in no log.
    for noisy in ("httpx", "uvicorn.error", "websockets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _say(name: str, line: str) -> None:
    sys.stderr.write(f"{name:<9} | {line}\n")
