"""Helper processes of a guest: programs beside QEMU that each serve one of its devices over a socket.

`Helpers` starts, finds and ends them; a file for each kind says which device has one and how it is begun. Another kind
is another function in `helpers.KINDS`.
"""

from virtloom_qemu.helpers.helpers import Helpers, Setting
from virtloom_qemu.helpers.serving import Serving

__all__ = ["Helpers", "Serving", "Setting"]
