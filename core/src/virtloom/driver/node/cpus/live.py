"""The processor of a guest that runs: its definition says what it was really given (`virCPUx86UpdateLive`)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from virtloom.driver.node.cpus.features import features, need_named
from virtloom.driver.node.cpus.models import need_model
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node

ON = ("require", "force")
PASSED_THROUGH = ("host-passthrough", "maximum")


def expected(cpu: Node) -> set[str]:
    """The features that a definition's model and its own lines give, by name.

    :raises VirtError: INTERNAL_ERROR for a model or a feature that there is not.
    """
    model = cpu.find("model")
    has = set(need_model(model.text.strip()).features) if model is not None and model.text.strip() else set()
    for one in cpu.all("feature"):
        policy, name = one.get("policy") or "require", one.get("name") or ""
        feature = need_named(name)
        if policy in ON:
            has.add(feature.name)
        elif policy != "optional":
            has.discard(feature.name)
    return has


def updated(cpu: Node, enabled: AbstractSet[str], disabled: AbstractSet[str]) -> Node:
    """A definition's `<cpu>` as the guest has it, wholly checked.

    :param enabled: the features that its processor has; :param disabled: those that it was refused.
    :raises VirtError: OPERATION_FAILED if it was to be wholly checked and is not what it should be.
    """
    wanted = expected(cpu)
    named_off = {one.get("name") for one in cpu.all("feature") if one.get("policy") in ("disable", "forbid")}
    passed = cpu.get("mode") in PASSED_THROUGH
    added = [
        name for name in features() if name in enabled and name not in wanted and (not passed or name in named_off)
    ]
    missing = [name for name in features() if name in disabled or (name in wanted and name not in enabled)]
    if cpu.get("check") == "full" and (added or missing or disabled):
        raise _unlike(added, missing)
    made = cpu.copy()
    model = cpu.find("model")
    removed = need_model(model.text.strip()).removed if model is not None and model.text.strip() else ()
    for policy, names in (("require", added), ("disable", missing)):
        for name in names:
            _set(made, name, policy)
    for name in removed:
        if not any(one.get("name") == name for one in made.all("feature")):
            _set(made, name, "disable")
    made.attrs["check"] = "full"
    return made


def _set(cpu: Node, name: str, policy: str) -> None:
    for one in cpu.all("feature"):
        if one.get("name") == name:
            one.attrs["policy"] = policy
            return
    places = [place for place, one in enumerate(cpu.children) if one.tag in BEFORE_FEATURES]
    cpu.children.insert(max(places, default=-1) + 1, Node("feature", {"policy": policy, "name": name}))


BEFORE_FEATURES = ("model", "vendor", "topology", "cache", "maxphysaddr", "feature")


def _unlike(added: list[str], missing: list[str]) -> VirtError:
    parts = [f"{word} features: {','.join(names)}" for word, names in (("extra", added), ("missing", missing)) if names]
    detail = "guest CPU doesn't match specification" + (f": {', '.join(parts)}" if parts else "")
    return VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.CPU)
