"""Record and replay: a client's session with any daemon, in a file that people can read and edit, and said again.

    with Proxy("qemu+unix:///system?socket=/run/libvirt/libvirt-sock", Path("session.toml")) as proxy:
        my_tool(proxy.uri)  # speaks with the real daemon; what is said is written down

    with Replay(Path("session.toml")) as replay:
        my_tool(replay.uri)  # no daemon is needed; `replay.differences` says what was asked otherwise

A session is a list of calls (`calls`), in a file (`file`). `frames` turns the protocol's frames into what is kept and
back; `recorder` makes calls of the frames that pass a `proxy`; a `script` finds the recorded call that a client makes
again, a `player` says it, and `replay` does so on a socket. `differences` shows how two lists of calls differ.
"""

from virtloom_testing.sessions.file import read_session
from virtloom_testing.sessions.proxy import Proxy
from virtloom_testing.sessions.replay import Replay

__all__ = ["Proxy", "Replay", "read_session"]
