"""Who a guest says that it is, and who may enter it: its name, passwords, keys."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from virtloom.driver.constants.domain import DomainAuthorizedSSHKeysSetFlags as Keys
from virtloom.driver.constants.domain import DomainGetHostnameFlags as Hostname
from virtloom.driver.constants.domain import DomainSetUserPasswordFlags as Password
from virtloom.driver.domains.addresses import DomainAddresses
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom_qemu.agent.answers import text
from virtloom_qemu.agent.errors import nonsense
from virtloom_qemu.domains.agent.base import AgentTalk
from virtloom_qemu.runs.state import QemuDomain


class Identity(AgentTalk, DomainAddresses[QemuDomain]):
    """The calls about names and users."""

    def domain_get_hostname(self, dom: DomainHandle, flags: int) -> str:
        """`virDomainGetHostname`: as the agent says it, or as the guest said it when it asked for an address."""
        self._check_flags(flags, Hostname.LEASE | Hostname.AGENT, "DomainGetHostname")
        if flags & Hostname.LEASE and flags & Hostname.AGENT:
            detail = "Flags 'VIR_DOMAIN_GET_HOSTNAME_LEASE' and 'VIR_DOMAIN_GET_HOSTNAME_AGENT' are mutually exclusive"
            raise VirtError(ErrorCode.INVALID_ARG, detail, verbatim=True)
        name = self._leased_name(dom) if flags & Hostname.LEASE else self._told_name(dom)
        if name is None:
            shown = self._view(dom).definition.name
            raise VirtError(ErrorCode.NO_HOSTNAME, f"no hostname found for domain {shown}")
        return name

    def _leased_name(self, dom: DomainHandle) -> str | None:
        """The name in the leases of a guest's interfaces."""
        with self._reading(dom) as state:
            state.require_active()
            interfaces = state.definition.parts.interfaces
        names = (lease.hostname for one in interfaces for lease in self._leases_of(one))
        return next((name for name in names if name), None)

    def _told_name(self, dom: DomainHandle) -> str:
        with self._agent(dom, JobKind.AGENT_QUERY) as talk:
            told = talk.agent.execute("guest-get-host-name")
        return text(told, "host-name", "guest-get-host-name reply")

    def domain_set_user_password(self, dom: DomainHandle, user: str | None, password: str | None, flags: int) -> None:
        """`virDomainSetUserPassword`"""
        self._check_flags(flags, Password.ENCRYPTED, "DomainSetUserPassword")
        given = {
            "crypted": bool(flags & Password.ENCRYPTED),
            "username": user or "",
            "password": base64.b64encode((password or "").encode()).decode(),
        }
        with self._agent(dom, JobKind.AGENT_MODIFY) as talk:
            talk.agent.execute("guest-set-user-password", given)

    def domain_authorized_ssh_keys_get(self, dom: DomainHandle, user: str, flags: int) -> list[str]:
        """`virDomainAuthorizedSSHKeysGet`"""
        self._check_flags(flags, 0, "DomainAuthorizedSSHKeysGet")
        with self._agent(dom, JobKind.AGENT_QUERY) as talk:
            told = talk.agent.execute("guest-ssh-get-authorized-keys", {"username": user})
        keys = told.get("keys") if isinstance(told, dict) else None
        if not isinstance(keys, list):
            raise nonsense("qemu agent didn't return an array of keys")
        return [str(key) for key in keys]

    def domain_authorized_ssh_keys_set(self, dom: DomainHandle, user: str, keys: Sequence[str], flags: int) -> None:
        """`virDomainAuthorizedSSHKeysSet`: the keys are all there are, or are added, or removed."""
        self._check_flags(flags, Keys.APPEND | Keys.REMOVE, "DomainAuthorizedSSHKeysSet")
        given: dict[str, object] = {"username": user, "keys": list(keys)}
        command = "guest-ssh-remove-authorized-keys"
        if not flags & Keys.REMOVE:
            command = "guest-ssh-add-authorized-keys"
            given["reset"] = not flags & Keys.APPEND
        with self._agent(dom, JobKind.AGENT_QUERY) as talk:
            talk.agent.execute(command, given)
