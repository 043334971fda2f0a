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

SERVICE_NAME = "VAmEn"
LOOPBACK = "127.0.0.1"
OSC_SERVICE, QUERY_SERVICE = "_osc._udp.local.", "_oscjson._tcp.local."


class Announcement:
    """Announces both ports from `start` to `stop`, on the interface of `host` alone where that is one address."""

    def __init__(self, host: str, osc_port: int, query_port: int) -> None:
        self._host = host
        self._ports = {OSC_SERVICE: osc_port, QUERY_SERVICE: query_port}
        self._zeroconf: Zeroconf | None = None
        self._thread = threading.Thread(target=self._announce, name="discovery", daemon=True)

    def start(self) -> None:
        """Begin to announce where the extra is installed; it takes a second, in which others may say that they have the name."""
        if importlib.util.find_spec("zeroconf") is not None:
            self._thread.start()

    def _announce(self) -> None:
        from zeroconf import Error, ServiceInfo, Zeroconf

        try:
            addresses = _addresses(self._host)
            self._zeroconf = Zeroconf(interfaces=addresses)
            for service, port in self._ports.items():
                info = ServiceInfo(
                    service,
                    f"{SERVICE_NAME}.{service}",
                    port=port,
                    parsed_addresses=addresses,
                    server=f"{socket.gethostname().partition('.')[0]}.local.",
                )
                self._zeroconf.register_service(info, allow_name_change=True)
        except (OSError, Error) as error:
            logger.warning("VAmEn cannot be announced on the network (%s); others have to be told its ports.", error)

    def stop(self) -> None:
        """Take the announcement back; nothing happens if there is none."""
        if self._thread.is_alive():
            self._thread.join()
        if self._zeroconf is not None:
            self._zeroconf.close()
            self._zeroconf = None


def _addresses(host: str) -> list[str]:
    """The addresses at which a host that is listened on can be reached: its own, or all of this machine's (IPv4)."""
    found = socket.getaddrinfo(host or None, None, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)
    addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    if not any(address.is_unspecified for address in addresses):
        return [str(address) for address in addresses]
    import ifaddr

    ips = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return [ip for ip in ips if isinstance(ip, str) and not ipaddress.ip_address(ip).is_loopback] or [LOOPBACK]
