"""What was made on the host for one run of a container, written down so that it can be undone after a crash as well."""

from __future__ import annotations

from collections.abc import Callable

from virtloom.driver.files import journal
from virtloom_lxc.container.root import loops
from virtloom_lxc.links import host


class Journal(journal.Journal):
    """The list of one run; see `virtloom.driver.files.journal`."""

    def link(self, name: str, peer: str, mac: str) -> None:
        """A link of that name is about to be made."""
        self.add("link", name=name, peer=peer, mac=mac)

    def loop(self, image: str) -> None:
        """An image is about to get a loop device."""
        self.add("loop", image=image)

    def mount(self, place: str) -> None:
        """Something is about to be mounted there."""
        self.add("mount", place=place)

    def undo(self, release: Callable[[str, bytes], None]) -> None:
        """Remove from the host what the run made, the last first.

        :param release: gives a port of a network back.
        """
        self.undo_each(
            {
                "link": lambda made: host.delete_stray(made["name"], made["peer"], made["mac"]),
                "port": lambda made: release(made["network"], bytes.fromhex(made["uuid"])),
                "mount": lambda made: loops.unmount(made["place"]),
                "loop": lambda made: loops.detach(made["image"]),
            }
        )
