"""What cannot be, by itself or together: each refusal in libvirt's words."""

from __future__ import annotations

import pytest
from guests import guest

from virtloom.errors import ErrorCode, ErrorDomain, VirtError

DISK = "<disk type='file' {}><source file='/a'/><target dev='{}'/>{}</disk>"
NET = "<interface type='{}'><mac address='52:54:00:00:00:01'/><source {}/>{}</interface>"
MEMORY = "<memory model='{}' {}><source>{}</source><target><size>{}</size>{}</target></memory>"
UNSUPPORTED, XML, DETAIL, INTERNAL = (
    ErrorCode.CONFIG_UNSUPPORTED, ErrorCode.XML_ERROR, ErrorCode.XML_DETAIL, ErrorCode.INTERNAL_ERROR,
)  # fmt: skip

ALONE: list[tuple[str, ErrorCode, str]] = [
    (DISK.format("rawio='yes'", "vda", ""), UNSUPPORTED, "rawio can be used only with device='lun'"),
    (DISK.format("", "hda", "<driver queues='4'/>"), UNSUPPORTED,
     "queues attribute in disk driver element is only supported by virtio-blk"),
    (DISK.format("", "hda", "<driver iommu='on'/>"), UNSUPPORTED,
     "iommu driver option is only supported for virtio devices"),
    (DISK.format("", "vda", "<iotune><total_iops_sec>9</total_iops_sec><read_iops_sec>1</read_iops_sec></iotune>"),
     XML, "total and read/write iops_sec cannot be set at the same time"),
    (DISK.format("", "foo", ""), XML, "Unknown disk name 'foo' and no address specified"),
    (DISK.format("device='floppy'", "hda", ""), INTERNAL, "Invalid floppy device name: hda"),
    (DISK.format("", "sda", "<vendor>much too long</vendor>"), UNSUPPORTED, "disk vendor is more than 8 characters"),
    ("<disk type='network'><source protocol='nbd' name='x'><host name='h'/><auth username='u'>"
     "<secret type='ceph' usage='x'/></auth></source><target dev='vda'/></disk>",
     UNSUPPORTED, "authentication is not supported for protocol 'nbd'"),
    ("<disk type='vhostuser' snapshot='no'><driver name='qemu' cache='none'/>"
     "<source type='unix' path='/s'/><target dev='vda'/></disk>",
     UNSUPPORTED, "cache is not supported with vhostuser disk"),
    (NET.format("user", "", "<teaming type='transient'/>"), UNSUPPORTED,
     "teaming persistent attribute must be set if teaming type is 'transient'"),
    (NET.format("user", "", "<port isolated='yes'/>"), UNSUPPORTED,
     "interface 52:54:00:00:00:01 - <port isolated='yes'/> is not supported for network interfaces with type='user'"),
    (NET.format("bridge", "bridge='b'", "<backend type='passt'/>"), INTERNAL,
     "The 'passt' backend can only be used with interface type='user'"),
    ("<hostdev type='usb'><source><address bus='1' device='2'/></source><address type='pci' slot='5'/></hostdev>",
     UNSUPPORTED, "USB host device must use 'usb' address type"),
    (MEMORY.format("nvdimm", "", "", 1024, ""), DETAIL, "path is required for model 'nvdimm'"),
    (MEMORY.format("virtio-mem", "", "", 4096, "<block>3000</block><requested>0</requested>"), DETAIL,
     "block size must be a power of two"),
    ("<video><model type='vga' vgamem='1024'/></video>", UNSUPPORTED,
     "vgamem attribute only supported for video type qxl"),
    ("<vsock model='virtio'><cid address='2'/></vsock>", UNSUPPORTED, "guest CIDs must be >= 3"),
    ("<shmem name='a/b'/>", UNSUPPORTED, "shmem name cannot include '/' character"),
    ("<sound model='ich9'><audio id='7'/></sound>", XML, "no audio device with ID 7"),
    ("<graphics type='vnc'><listen type='network'/></graphics>", XML,
     "'network' attribute is required for listen type 'network'"),
    ("<iommu model='virtio'><driver eim='on'/></iommu>", XML,
     "iommu model 'virtio' doesn't support additional attributes"),
    ("<tpm><backend type='external'><source type='tcp' host='h' service='1'/></backend></tpm>", XML,
     "only source type 'unix' is supported for external TPM device"),
    ("<rng model='virtio'><backend model='random'/><address type='unassigned'/></rng>", UNSUPPORTED,
     "address of type 'unassigned' is supported only for hostdevs"),
]  # fmt: skip


@pytest.mark.parametrize(("device", "code", "detail"), ALONE, ids=[detail for _, _, detail in ALONE])
def test_a_device_is_refused_for_what_it_is(device: str, code: ErrorCode, detail: str) -> None:
    with pytest.raises(VirtError) as refused:
        guest(device)
    assert (refused.value.code, refused.value.domain, refused.value.detail) == (code, ErrorDomain.DOMAIN, detail)


RNG = "<rng model='virtio'><backend model='random'/><alias name='ua-x'/></rng>"
FOLDER = "<filesystem type='mount'><driver type='virtiofs'/><source dir='{}'/><target dir='t'/></filesystem>"
PAGES = "<memoryBacking><hugepages>{}</hugepages></memoryBacking>"
TOGETHER: list[tuple[str, str, ErrorCode, str]] = [
    (RNG * 2, "", UNSUPPORTED, "non unique alias detected: ua-x"),
    (FOLDER.format("/a") + FOLDER.format("/b"), "", UNSUPPORTED, "filesystem target 't' specified twice"),
    ("<iommu model='intel'><driver intremap='on'/></iommu>", "", UNSUPPORTED,
     "IOMMU interrupt remapping requires split I/O APIC (ioapic driver='qemu')"),
    ("", PAGES.format("<page size='2' unit='M'/><page size='1' unit='G'/>"), DETAIL,
     "two master hugepages detected: 1048576 and 2048"),
    ("", PAGES.format("<page size='2' unit='M' nodeset='1'/>"), DETAIL, "hugepages: node 1 not found"),
    ("", "<cputune><quota>5</quota></cputune>", UNSUPPORTED,
     "Value of cputune 'quota' must be in range [1000, 17592186044415]"),
    ("", "<blkiotune><device><path>/d</path></device><device><path>/d</path></device></blkiotune>", UNSUPPORTED,
     "duplicate blkio device path '/d'"),
    ("", "<iothreadids><iothread id='1' thread_pool_max='0'/></iothreadids>", UNSUPPORTED,
     "thread_pool_max must be a positive integer"),
    ("<audio id='1' type='none'/><audio id='1' type='none'/>", "", XML, "audio ID 1 is used multiple times"),
]  # fmt: skip


@pytest.mark.parametrize(("devices", "more", "code", "detail"), TOGETHER, ids=[row[3] for row in TOGETHER])
def test_parts_are_refused_together(devices: str, more: str, code: ErrorCode, detail: str) -> None:
    with pytest.raises(VirtError) as refused:
        guest(devices, more=more)
    assert (refused.value.code, refused.value.detail) == (code, detail)


def test_the_console_that_is_a_serial_port_has_its_name() -> None:
    alias = "<alias name='ua-port'/>"
    assert guest(f"<serial type='pty'>{alias}</serial><console type='pty'>{alias}</console>")


def test_the_firmware_waits_so_long_at_most() -> None:
    os = "<type>hvm</type><bootmenu enable='yes' timeout='{}'/>"
    assert guest(os=os.format(65535))
    with pytest.raises(VirtError, match="boot menu timeout"):
        guest(os=os.format(65536))
