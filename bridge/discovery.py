"""Tells the network, or this machine alone, where OSC and OSCQuery are to be found: DNS service discovery over multicast.

The package zeroconf is under the LGPL and comes with the extra vamen[discovery]; without it nothing is announced, and whoever
wants to find us is told the port.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import logging
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zeroconf import Zeroconf

logger = logging.getLogger(__name__)

OSC_SERVICE, QUERY_SERVICE = "_osc._udp.local.", "_oscjson._tcp.local."
LOOPBACK = "127.0.0.1"

MAX_HOST_NAME = 40
"""Characters of this machine's name in ours: all of it has room for 63 bytes."""

QUIET_SECONDS = 3.0
"""The first seconds of an evening belong to the music: announcing takes a tenth of a second of computing."""


class Announcement:
    """Announces both ports from `start` to `stop`, on the interface of `host` alone where that is one address."""

    def __init__(self, host: str, osc_port: int, query_port: int, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._host = host
        self._osc_port = osc_port
        self._ports = {OSC_SERVICE: osc_port, QUERY_SERVICE: query_port}
        self._quiet_seconds = quiet_seconds
        self._zeroconf: Zeroconf | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="discovery", daemon=True)

    def start(self) -> None:
        """Begin to announce, where the extra is installed, in a while."""
        if importlib.util.find_spec("zeroconf") is not None:
            self._thread.start()

    def stop(self) -> None:
        """Take the announcement back; nothing happens if there is none."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._zeroconf is not None:
            self._zeroconf.close()
            self._zeroconf = None

    def _run(self) -> None:
        if self._stopping.wait(self._quiet_seconds):
            return
        from zeroconf import Error

        try:
            self._announce()
        except (OSError, Error) as error:
            logger.warning("VAmEn cannot be announced on the network (%s); others have to be told its ports.", error)

    def _announce(self) -> None:
        from zeroconf import ServiceInfo, Zeroconf

        addresses = _addresses(self._host)
        machine = socket.gethostname().partition(".")[0][:MAX_HOST_NAME]
        self._zeroconf = Zeroconf(interfaces=addresses)
        for service, port in self._ports.items():
            name = f"VAmEn {self._osc_port} on {machine}.{service}"
            info = ServiceInfo(service, name, port=port, parsed_addresses=addresses, server=f"{machine}.local.")
            # A port is one program's, so there is nobody to be asked whether the name is free.
            self._zeroconf.register_service(info, cooperating_responders=True)


def _addresses(host: str) -> list[str]:
    """The addresses at which a host that is listened on can be reached: its own, or all of this machine's (IPv4)."""
    found = socket.getaddrinfo(host or None, None, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)
    addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    if not any(address.is_unspecified for address in addresses):
        return [str(address) for address in addresses]
    import ifaddr

    ips = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return [ip for ip in ips if isinstance(ip, str) and not ipaddress.ip_address(ip).is_loopback] or [LOOPBACK]
