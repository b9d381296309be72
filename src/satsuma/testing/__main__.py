"""`python -m satsuma.testing`: the model server on the command line. Its first line is its URL; Ctrl-C ends it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import fields

import orjson

from satsuma.errors import SatsumaError, SettingsError
from satsuma.llm.request import Json
from satsuma.testing.behaviour import Behaviour, from_json
from satsuma.testing.faults import Faults
from satsuma.testing.server import run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m satsuma.testing", description="A local model server for tests.")
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0 for any free one")
    add("--seed", type=int, help="what every draw starts from")
    add("--median-ms", type=float, help="median latency")
    add("--p99-ms", type=float, help="99th percentile of the latency")
    add("--fault", action="append", default=[], metavar="NAME=SHARE", help=", ".join(f.name for f in fields(Faults)))
    add("--script", help="YAML or JSON file of scripted answers")
    add("--ideas", type=int, help="stock of ideas of a model that has few")
    add("--noise", type=float, help="share of instances with another label than asked")
    add("--vote-noise", type=float, help="share of corrections that choose another label")
    add("--sway", type=float, help="share of corrections that confirm a label they are shown")
    add("--reply-tokens", metavar="LOW,HIGH", help="lengthen answers to so many tokens")
    add("--reject-response-format", action="store_true", default=None)
    add("--key", help="the only API key that is let in")
    add("--rpm", type=float, help="requests a minute")
    add("--tpm", type=float, help="tokens a minute")
    add("--burst", type=float, help="requests that may come at once")
    add("--rate-headers", action="store_true", default=None, help="say x-ratelimit-* in every answer")
    add("--record", action="store_true", default=None, help="keep all bodies for GET /bodies")
    add("--options", default="{}", help="the options as JSON")
    add("--while-stdin", action="store_true", help="end when standard input ends")
    return parser


def _behaviour(given: argparse.Namespace) -> Behaviour:
    options: dict[str, Json] = orjson.loads(given.options)
    names = {f.name for f in fields(Behaviour)}
    options |= {name: value for name, value in vars(given).items() if name in names and value is not None}
    if given.reply_tokens:
        options["reply_tokens"] = [_number(part) for part in given.reply_tokens.split(",")]
    if given.median_ms is not None or given.p99_ms is not None:
        options["latency"] = {"median_ms": given.median_ms or 0.0, "p99_ms": given.p99_ms or 0.0}
    if given.fault:
        options["faults"] = dict(_fault(said) for said in given.fault)
    return from_json(options)


def _fault(said: str) -> tuple[str, Json]:
    name, _, value = said.partition("=")
    if name not in {f.name for f in fields(Faults)}:
        raise SettingsError(
            f"--fault {said}: no such fault", f"There are: {', '.join(f.name for f in fields(Faults))}."
        )
    return name, _number(value)


def _number(said: str) -> int | float:
    try:
        return float(said) if "." in said else int(said)
    except ValueError:
        raise SettingsError(f"{said!r} is not a number", "Write it as 0.1 or 3.") from None


def _listening(host: str, port: int) -> None:
    sys.stdout.write(f"http://{host}:{port}/v1\n")
    sys.stdout.flush()


async def _until_end(given: argparse.Namespace, behaviour: Behaviour) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if given.while_stdin:
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        ended = asyncio.ensure_future(reader.read())
        ended.add_done_callback(lambda _: stop.set())
    await run(behaviour, given.host, given.port, ready=lambda port: _listening(given.host, port), stop=stop)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server; 0 after Ctrl-C or the end of standard input, 2 for a mistake."""
    given = _parser().parse_args(arguments)
    try:
        asyncio.run(_until_end(given, _behaviour(given)))
    except SatsumaError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
