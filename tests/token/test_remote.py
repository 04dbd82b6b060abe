# SPDX-License-Identifier: Apache-2.0
"""An HSM across a network: p11-kit server, p11-kit-client.so and a wire that is slow or cut (kinds/remote.py)."""
import threading
import time

from harness.faults import known
from harness.run import run
from kinds.remote import Remote as KIND
from scenarios import *  # noqa: F403: the scenarios themselves

MANY = 80
SESSIONS = 16
CALLS_A_SIGNATURE = 2


def many(home):
    """An inventory of a server and MANY - 1 clients, whose CA is made."""
    home.init()
    inv = home.inventory()
    names = [f"client-{i}" for i in range(MANY - 1)]
    inv["certificates"] = [inv.certificate("server"), *({"name": n, "profile": "client", "common-name": n} for n in names)]
    inv.deployment["clients"] = names
    home.write(inv)


def issued(home):
    """Every certificate that was delivered, judged by openssl."""
    files = [home / "out/prod/tls/server.pem", *sorted((home / "out/prod/clients").glob("*/client.pem"))]
    if files[0].exists():
        run(["openssl", "verify", "-x509_strict", "-CAfile", home / "out/prod/tls/ca.pem", *files])
    return len([f for f in files if f.exists()])


def test_sixteen_signatures_are_in_flight(home, kind):
    """What is not yet answered on the one connection: the client library sends a call while others wait."""
    many(home)
    kind.wire.delay = 0.01
    kind.wire.forget()
    home.mica("apply")
    assert kind.wire.most == SESSIONS
    assert issued(home) == MANY


def test_no_call_beyond_two_for_a_signature(home, kind):
    many(home)
    kind.wire.forget()
    home.mica("apply")
    first = kind.wire.calls
    inv = home.inventory()
    home.write(inv)
    kind.wire.forget()
    home.mica("rotate", "server")
    fixed = kind.wire.calls - CALLS_A_SIGNATURE
    sessions = SESSIONS - 1  # one more for each thread
    assert first <= fixed + CALLS_A_SIGNATURE * MANY + sessions, (first, fixed)


def cut(home, kind, back_after):
    """The server is killed in the middle of the signatures; and starts anew after so many seconds, if at all."""
    many(home)
    timer = threading.Timer(back_after, kind.come_back) if back_after is not None else None

    def lose():
        kind.lose()
        if timer:
            timer.start()

    kind.wire.delay = 0.002
    kind.wire.when(70 + CALLS_A_SIGNATURE * MANY // 2, lose)
    began = time.monotonic()
    said = home.mica("apply", code=None)
    took = time.monotonic() - began
    assert kind.wire.at is None, "it was over before the connection was cut"
    if timer:
        timer.join()
    return said, took


def test_a_connection_that_comes_back_in_time(proxied, kind):
    home = proxied
    said, took = cut(home, kind, back_after=1.5)
    assert said.code == 0, said
    assert took > 1.5 and issued(home) == MANY
    assert home.logins() == [0, 0, 0], "init, apply, and once after the loss"
    assert set(home.faults.signed()) <= known(home)


def test_a_connection_that_stays_away(proxied, kind):
    """A clear end, nothing delivered, no signature that the ledger does not know; the next run does the rest."""
    home = proxied
    said, took = cut(home, kind, back_after=None)
    assert said.code == 1 and took < 40, said
    assert "the token was lost" in said.err and "did not come back" in said.err and "hint:" in said.err, said
    assert issued(home) == 0
    assert set(home.faults.signed()) <= known(home)
    logins = len(home.logins())
    kind.come_back()
    home.mica("apply")
    assert issued(home) == MANY and len(home.logins()) == logins + 1
    assert set(home.faults.signed()) <= known(home)


def test_nobody_listens(home, kind):
    """The same before the first call."""
    home.init()
    kind.lose()
    with home.unchanged():
        said = home.mica("rotate", "--all", code=1)
    assert "hint:" in said.err and "p11-kit-client" in said.err, said
