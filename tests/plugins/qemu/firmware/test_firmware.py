"""`virtloom_qemu.firmware`: which firmware a guest gets, and what its variables begin as."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from emulated import emulator, rules

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.definition.guest import Guest
from virtloom_qemu.firmware import choose_firmware, make_variables

DOCUMENT = """<domain type='qemu'><name>web</name><memory>262144</memory>
<os{kind}><type arch='x86_64' machine='q35'>hvm</type>{os}</os><features><acpi/>{features}</features></domain>"""


class Installed:
    """Firmware that a test installs: descriptions in a folder, images beside them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / "state"

    def add(self, name: str, *features: str, kind: str = "uefi", **changes: Any) -> Path:
        """Install one; what it is executed from."""
        code, variables = self.root / f"{name}.fd", self.root / f"{name}_VARS.fd"
        code.write_bytes(b"code")
        variables.write_bytes(b"variables of " + name.encode())
        flash = {
            "device": "flash",
            "executable": {"filename": str(code), "format": "raw"},
            "nvram-template": {"filename": str(variables), "format": "raw"},
        }
        memory = {"device": "memory", "filename": str(code)}
        mapping = {**(flash if kind == "uefi" else memory), **changes}
        targets = [{"architecture": "x86_64", "machines": ["pc-q35-*"]}]
        described = {"interface-types": [kind], "mapping": mapping, "targets": targets, "features": features}
        (self.root / f"{name}.json").write_text(json.dumps(described))
        return code

    def chosen(self, kind: str | None = "efi", os: str = "", features: str = "", **how: Any) -> Guest:
        """A guest, with its firmware chosen."""
        attribute = "" if kind is None else f" firmware='{kind}'"
        text = DOCUMENT.format(kind=attribute, os=os, features=features)
        guest = Guest(rules().parse(text), emulator())
        choose_firmware(guest, [str(self.root)], self.state, **{"boots": True, **how})
        return guest


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return Installed(tmp_path)


def need(guest: Guest, path: str) -> Node:
    found = guest.root.find(path)
    assert found is not None, f"no <{path}>"
    return found


class TestChoosing:
    def test_the_first_that_will_do(self, installed: Installed) -> None:
        installed.add("10-bios", kind="bios")
        code = installed.add("20-uefi")
        installed.add("30-uefi")
        guest = installed.chosen()
        loader, nvram = need(guest, "os/loader"), need(guest, "os/nvram")
        assert (loader.text, loader.attrs) == (str(code), {"readonly": "yes", "type": "pflash"})
        assert nvram.text == str(installed.state / "nvram" / "web_VARS.fd")
        assert nvram.get("template") == str(installed.root / "20-uefi_VARS.fd")
        assert guest.root.value("os", "firmware") is None, "it is decided now"

    def test_a_bios_is_a_rom(self, installed: Installed) -> None:
        code = installed.add("bios", kind="bios")
        loader = need(installed.chosen("bios"), "os/loader")
        assert (loader.text, loader.attrs) == (str(code), {"type": "rom"})

    def test_none_is_an_error_that_says_what_was_asked(self, installed: Installed) -> None:
        with pytest.raises(VirtError, match="Unable to find any firmware to satisfy 'efi'") as caught:
            installed.chosen()
        assert caught.value.code == ErrorCode.OPERATION_FAILED

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [("yes", "20-secure"), ("no", "30-plain")],
    )
    def test_features_are_asked_for_or_refused(self, installed: Installed, asked: str, expected: str) -> None:
        installed.add("20-secure", "secure-boot")
        installed.add("30-plain")
        feature = f"<firmware><feature enabled='{asked}' name='secure-boot'/></firmware>"
        assert need(installed.chosen(os=feature), "os/loader").text.endswith(f"{expected}.fd")

    def test_what_needs_system_management_mode_gets_it(self, installed: Installed) -> None:
        installed.add("secure", "requires-smm")
        guest = installed.chosen()
        assert need(guest, "features/smm").get("state") == "on"
        assert need(guest, "os/loader").get("secure") == "yes"

    def test_a_guest_that_refuses_that_mode_is_told(self, installed: Installed) -> None:
        installed.add("secure", "requires-smm")
        with pytest.raises(VirtError, match="domain has SMM turned off but chosen firmware requires it"):
            installed.chosen(features="<smm state='off'/>")

    def test_a_guest_without_variables_gets_firmware_without(self, installed: Installed) -> None:
        installed.add("10-split")
        installed.add("20-stateless", mode="stateless")
        guest = installed.chosen(os="<loader stateless='yes'/>")
        assert need(guest, "os/loader").text.endswith("20-stateless.fd")

    def test_a_guest_that_goes_on_is_left_alone(self, installed: Installed) -> None:
        assert installed.chosen(boots=False).root.find("os/loader") is None

    def test_an_image_by_its_path_learns_its_template(self, installed: Installed) -> None:
        code = installed.add("uefi")
        guest = installed.chosen(None, f"<loader readonly='yes' type='pflash'>{code}</loader>")
        assert need(guest, "os/nvram").get("template") == str(installed.root / "uefi_VARS.fd")

    def test_an_image_in_a_file_that_is_no_description_is_passed_over(self, installed: Installed) -> None:
        (installed.root / "10-hidden.json").touch()
        (installed.root / "11-wrong.json").write_text('{"mapping": []}')
        code = installed.add("20-uefi")
        assert need(installed.chosen(), "os/loader").text == str(code)


class TestVariables:
    def test_begin_as_the_template(self, installed: Installed) -> None:
        installed.add("uefi")
        live = installed.chosen().domain()
        make_variables(live, reset=False)
        assert (installed.state / "nvram" / "web_VARS.fd").read_bytes() == b"variables of uefi"

    def test_are_kept(self, installed: Installed) -> None:
        installed.add("uefi")
        live = installed.chosen().domain()
        path = installed.state / "nvram" / "web_VARS.fd"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"the guest's own")
        make_variables(live, reset=False)
        assert path.read_bytes() == b"the guest's own"
        make_variables(live, reset=True)
        assert path.read_bytes() == b"variables of uefi"
        assert [one.name for one in path.parent.iterdir()] == ["web_VARS.fd"]

    def test_nothing_says_what_they_begin_as(self, installed: Installed) -> None:
        live = installed.chosen(None, "<loader readonly='yes' type='pflash'>/nowhere.fd</loader>").domain()
        with pytest.raises(VirtError, match=r"unable to find any master var store for loader: /nowhere.fd"):
            make_variables(live, reset=False)

    def test_a_template_that_is_gone(self, installed: Installed) -> None:
        installed.add("uefi")
        live = installed.chosen().domain()
        (installed.root / "uefi_VARS.fd").unlink()
        with pytest.raises(VirtError, match="Failed to open file"):
            make_variables(live, reset=False)
        assert not (installed.state / "nvram" / "web_VARS.fd").exists()
