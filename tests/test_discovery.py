"""Others find both ports by name, with a browser that is not ours; without the extra nothing happens."""

from __future__ import annotations

import importlib.util
import os
import socket
import threading
from typing import Any

import pytest

import bridge.discovery
from bridge.discovery import LOOPBACK, OSC_SERVICE, QUERY_SERVICE, Announcement
from tests.letters import PATIENCE_SECONDS
from tests.rig import wait_until

pytestmark = pytest.mark.real_time


def require_discovery() -> None:
    """Skip where the extra is not installed, or where the loopback takes no multicast; on CI that fails."""
    reason = None
    if importlib.util.find_spec("zeroconf") is None:
        reason = "the extra [discovery] is not installed"
    elif not multicast_goes_round():
        reason = "the loopback takes no multicast (ip link set lo multicast on)"
    if reason is not None:
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


def multicast_goes_round() -> bool:
    group = "239.255.77.77"
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ears,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth,
    ):
        try:
            ears.bind(("", 0))
            ears.settimeout(0.5)
            here = socket.inet_aton(LOOPBACK)
            ears.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + here)
            mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
            mouth.sendto(b"?", (group, ears.getsockname()[1]))
            return ears.recv(10) == b"?"
        except OSError:
            return False


def test_both_ports_are_announced_and_taken_back() -> None:
    require_discovery()
    from zeroconf import ServiceBrowser, ServiceListener, Zeroconf

    class Found(ServiceListener):
        def __init__(self) -> None:
            self.ports: dict[str, int] = {}
            self.addresses: list[str] = []
            self.all, self.none = threading.Event(), threading.Event()

        def add_service(self, zc: Any, type_: str, name: str) -> None:
            info = zc.get_service_info(type_, name)
            self.ports[type_] = info.port
            self.addresses += info.parsed_addresses()
            if len(self.ports) == 2:
                self.all.set()

        def remove_service(self, zc: Any, type_: str, name: str) -> None:
            del self.ports[type_]
            if not self.ports:
                self.none.set()

        def update_service(self, zc: Any, type_: str, name: str) -> None:
            pass

    listener = Found()
    with Zeroconf(interfaces=[LOOPBACK]) as browser:
        ServiceBrowser(browser, [OSC_SERVICE, QUERY_SERVICE], listener)
        announcement = Announcement(LOOPBACK, 9000, 9010, quiet_seconds=0.0)
        announcement.start()
        assert listener.all.wait(PATIENCE_SECONDS)
        assert listener.ports == {OSC_SERVICE: 9000, QUERY_SERVICE: 9010}
        assert set(listener.addresses) == {LOOPBACK}
        announcement.stop()
        announcement.stop()
        assert listener.none.wait(PATIENCE_SECONDS)


def test_who_ends_at_once_announces_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Announcement, "_announce", lambda self: pytest.fail("announced"))
    announcement = Announcement(LOOPBACK, 9000, 9010)
    announcement.start()
    announcement.stop()


def test_without_the_extra_nothing_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge.discovery.importlib.util, "find_spec", lambda name: None)
    announcement = Announcement(LOOPBACK, 9000, 9010, quiet_seconds=0.0)
    announcement.start()
    announcement.stop()


def test_a_network_that_takes_nothing_is_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if importlib.util.find_spec("zeroconf") is None:
        require_discovery()

    def unreachable(host: str) -> list[str]:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(bridge.discovery, "_addresses", unreachable)
    announcement = Announcement(LOOPBACK, 9000, 9010, quiet_seconds=0.0)
    announcement.start()
    wait_until(lambda: caplog.records, "the line")
    announcement.stop()
    assert len(caplog.records) == 1 and "cannot be announced on the network (Network is unreachable)" in caplog.text
