"""Other instrumentations of the same SDKs, found by their entry points: none of them is imported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, EntryPoint, entry_points

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from genscope.local.doctor.findings import Neighbour, Problem, Sdk
from genscope.local.doctor.sdks import DISABLED, INSTRUMENTORS, disabled


def look_around(sdks: Iterable[Sdk], problems: list[Problem]) -> list[Neighbour]:
    """Instrumentations that `opentelemetry-instrument` could load beside ours."""
    ours: dict[str, str] = {canonicalize_name(Requirement(sdk.requires).name): sdk.name for sdk in sdks}
    all_found = [(found, found.dist) for found in entry_points(group=INSTRUMENTORS)]
    owners: dict[str, list[str]] = {}
    for found, dist in all_found:
        if dist is not None and dist.name not in owners.setdefault(found.name, []):
            owners[found.name].append(dist.name)
    neighbours: list[Neighbour] = []
    for found, dist in all_found:
        if dist is None or found.value.startswith("genscope."):
            continue
        for sdk in _traced_by(found, dist, ours):
            why_not = f"switched off by {DISABLED}" if disabled(found.name) else _conflict(dist)
            others = [owner for owner in owners[found.name] if owner != dist.name]
            neighbours.append(Neighbour(found.name, dist.name, dist.version, sdk, why_not is None, why_not, others))
    problems += [Problem("neighbours", False, _advice(one)) for one in neighbours if one.active]
    return neighbours


def _traced_by(found: EntryPoint, dist: Distribution, ours: Mapping[str, str]) -> list[str]:
    """SDKs of ours that an instrumentation is for: those it says it instruments, or the one it is named for."""
    instruments = {canonicalize_name(one.name) for one in _instruments(dist)}
    return [sdk for name, sdk in ours.items() if name in (instruments or {canonicalize_name(found.name)})]


def _instruments(dist: Distribution) -> list[Requirement]:
    """The requirements behind the extras `instruments` and `instruments-any`."""
    found: list[Requirement] = []
    for text in dist.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        marker = requirement.marker
        if marker and any(marker.evaluate({"extra": extra}) for extra in ("instruments", "instruments-any")):
            if not marker.evaluate({"extra": ""}):
                found.append(requirement)
    return found


def _conflict(dist: Distribution) -> str | None:
    """Why OpenTelemetry would not load the instrumentations of a distribution, in OpenTelemetry's words."""
    try:
        from opentelemetry.instrumentation.dependencies import get_dist_dependency_conflicts

        conflict = get_dist_dependency_conflicts(dist)
    except Exception:  # OpenTelemetry does not start; that is reported elsewhere
        return None
    return None if conflict is None else str(conflict)


def _advice(neighbour: Neighbour) -> str:
    also = ", ".join(neighbour.shares_name_with)
    hits = f", which hits {also} as well" if also else ""
    return (
        f"{neighbour.distribution} traces {neighbour.sdk} too: genscope completes its spans instead of making its own; "
        f"to have ours alone set {DISABLED}={neighbour.name}{hits}."
    )
