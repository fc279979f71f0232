# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The house keeps its shape: arrows point down, each thing is said once, what is documented is what is there."""

from __future__ import annotations

import ast
import dataclasses
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from _pgops.model.settings.contract_info import ContractInfoSettings
from _pgops.model.settings.option import argument_spec
from _pgops.model.settings.schema_check import SchemaCheckSettings
from _pgops.model.settings.schema_info import SchemaInfoSettings
from _pgops.model.settings.view_triggers import ViewTriggersSettings

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
LIBRARY = PLUGINS / "module_utils" / "_pgops"

#: The rooms of the library, from the ground up. An import points to a lower floor or stays in its room.
FLOORS = (
    ("model",),
    ("database", "processes", "files"),
    ("observe",),
    ("safe_ddl", "formats"),
    ("checks",),
    ("view_triggers", "repairs", "upkeep", "backups", "status", "fleet"),
    ("host_cli",),
)
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
#: Drivers belong to one room.
DRIVERS = {"psycopg", "psycopg2"}

#: Module, its settings, and the role that hands them on; None where no role does.
VERBS: dict[str, tuple[type[Any], str | None]] = {
    "pg_contract_info": (ContractInfoSettings, None),
    "pg_schema_check": (SchemaCheckSettings, "pg_schema_review"),
    "pg_schema_info": (SchemaInfoSettings, None),
    "pg_view_triggers": (ViewTriggersSettings, "pg_view_triggers"),
}
#: Options of a module that a role gives another shape, each with its reason.
OTHERWISE_IN_ROLES = {
    "contract": "a role takes a name or a path too",
    "definition": "a role takes contracts only",
    "formats": "a role writes Markdown too where it writes at all",
    "path": "a role takes folders, for any number of databases",
}


def _sources() -> list[Path]:
    return sorted(LIBRARY.rglob("*.py"))


def _room(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def _imports(path: Path) -> list[tuple[int, str, str]]:
    """Line, kind (`room` or `module`) and name of everything a library file imports."""
    depth = len(path.relative_to(LIBRARY).parts)
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, "module", alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append((node.lineno, "module", node.module or ""))
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= depth, f"{path}:{node.lineno} leaves the library"
            if node.level == depth:
                names = [node.module] if node.module else [alias.name for alias in node.names]
                found += [(node.lineno, "room", name.partition(".")[0]) for name in names]
    return found


@pytest.mark.parametrize("path", _sources(), ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_imports_point_downward(path: Path) -> None:
    room = _room(path)
    if path.name == "__init__.py":
        assert path.read_text(encoding="utf-8") == "", "every __init__.py of the library is empty"
        return
    assert room in FLOOR, f"{room} has no floor: a room is planned before it is built"
    for line, kind, name in _imports(path):
        if kind == "room":
            assert name == room or FLOOR[name] < FLOOR[room], f"{path.name}:{line}: {room} must not know {name}"
        elif name.partition(".")[0] in DRIVERS:
            assert room == "database", f"{path.name}:{line}: the driver belongs to the room database"
        else:
            assert name.partition(".")[0] in sys.stdlib_module_names, f"{path.name}:{line}: {name} is not on every host"


def test_every_room_has_content() -> None:
    folders = [folder for folder in LIBRARY.rglob("*") if folder.is_dir() and folder.name != "__pycache__"]
    for folder in folders:
        assert [path for path in folder.rglob("*.py") if path.name != "__init__.py"], f"{folder} is empty"
        assert (folder / "__init__.py").is_file(), f"{folder} would not travel with a module"


def test_only_the_door_stands_beside_the_library() -> None:
    beside = {path.name for path in LIBRARY.parent.iterdir() if not path.name.startswith((".", "__pycache__"))}
    assert beside == {"_door.py", "_pgops"}


@pytest.mark.parametrize("path", sorted((PLUGINS / "modules").glob("*.py")), ids=lambda path: path.stem)
def test_modules_are_known_by_name(path: Path) -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert path.stem in runtime["action_groups"]["all"]
    assert path.stem in VERBS, "a module's options come from a settings class"


def _documentation(module: str) -> dict[str, Any]:
    tree = ast.parse((PLUGINS / "modules" / f"{module}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            return dict(yaml.safe_load(ast.literal_eval(node.value)))
    raise AssertionError(f"{module} has no DOCUMENTATION")


@pytest.mark.parametrize("module", sorted(VERBS))
def test_documentation_says_what_the_settings_are(module: str) -> None:
    documented = _documentation(module)["options"]
    spec = argument_spec(VERBS[module][0])
    assert list(documented) == list(spec), "the same options in the same order"
    for name, option in spec.items():
        said = documented[name]
        assert said["type"] == option["type"], name
        assert said.get("default") == option.get("default"), name
        assert said.get("choices") == option.get("choices"), name
        assert said.get("elements") == option.get("elements"), name


@pytest.mark.parametrize("module", sorted(VERBS))
def test_settings_say_unit_and_sentence(module: str) -> None:
    for field in dataclasses.fields(VERBS[module][0]):
        assert field.metadata["sentence"].endswith("."), f"{field.name} has no sentence"
        if field.metadata["type"] in ("int", "float"):
            assert field.metadata["unit"], f"{field.name} has no unit"
            assert field.metadata["unit"] in " ".join(_documentation(module)["options"][field.name]["description"])


@pytest.mark.parametrize("module", sorted(module for module, (dummy, role) in VERBS.items() if role is not None))
def test_role_options_are_the_settings(module: str) -> None:
    settings, role = VERBS[module]
    assert role is not None
    specs = _role_specs(role)
    for name, option in argument_spec(settings).items():
        if name in OTHERWISE_IN_ROLES:
            continue
        said = specs[f"{role}_{name}"]
        assert said["type"] == option["type"], name
        # An empty value in a role is an option left out.
        assert said["default"] == option.get("default", {} if option["type"] == "dict" else ""), name
        assert said.get("choices") == option.get("choices"), name


def _role_specs(role: str) -> dict[str, Any]:
    text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    entry_points = yaml.safe_load(text)["argument_specs"].values()
    return {name: option for entry in entry_points for name, option in entry.get("options", {}).items()}


def _roles() -> list[str]:
    return sorted(path.name for path in (ROOT / "roles").iterdir())


def _plain_default(value: Any) -> Any:
    """What a default says where the inventory says nothing: `{{ pgops_x | default(y) }}` gives y."""
    if isinstance(value, str):
        inherited = re.fullmatch(r"\{\{ pgops_\w+ \| default\((.*)\) \}\}", value)
        if inherited:
            return yaml.safe_load(inherited.group(1))
    return value


@pytest.mark.parametrize("role", _roles())
def test_role_defaults_are_its_specs(role: str) -> None:
    defaults = yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    specs = _role_specs(role)
    assert sorted(defaults) == sorted(name for name, option in specs.items() if "default" in option)
    for name, value in defaults.items():
        assert name.startswith(f"{role}_"), f"{name} does not bear its role's name"
        assert _plain_default(value) == specs[name]["default"], name


@pytest.mark.parametrize("role", _roles())
def test_role_options_are_described(role: str) -> None:
    for name, option in _role_specs(role).items():
        assert option["type"], name
        description = option["description"]
        text = description if isinstance(description, str) else " ".join(description)
        assert text.strip().endswith("."), f"{name} is described in sentences"


def test_library_speaks_python_39() -> None:
    for path in (*_sources(), *(PLUGINS / "modules").glob("*.py"), PLUGINS / "module_utils" / "_door.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
        text = path.read_text(encoding="utf-8")
        assert "information_schema." not in text, f"{path}: information_schema is slow and hides rows"
