# Copyright: (c) 2026, Ollama Scanner maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The only place where the library meets Ansible: argument specs, drivers, connections, errors.

Of community.postgresql it takes the connection options alone, so that they are the same everywhere.
"""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.respawn import has_respawned, probe_interpreters_for_module, respawn_module
from ansible_collections.community.postgresql.plugins.module_utils.postgres import postgres_common_argument_spec

from ._pgops.database.connect import connect, find_driver
from ._pgops.database.session import Session
from ._pgops.model.errors import PgOpsError
from ._pgops.model.settings.option import argument_spec

#: Where distributions put their own Python, for which their driver packages are made.
INTERPRETERS = ("/usr/bin/python3", "/usr/libexec/platform-python", "/usr/bin/python")

#: Connection options of Ansible and what libpq calls them.
_LIBPQ = {
    "login_user": "user",
    "login_password": "password",
    "login_host": "host",
    "login_port": "port",
    "ssl_mode": "sslmode",
    "ca_cert": "sslrootcert",
    "ssl_cert": "sslcert",
    "ssl_key": "sslkey",
}


def module_for(settings: type[t.Any], **constraints: t.Any) -> AnsibleModule:
    """The AnsibleModule of a settings class: its options and those of the connection."""
    spec = postgres_common_argument_spec()
    spec.update(login_db={"type": "str"}, **argument_spec(settings))
    return AnsibleModule(argument_spec=spec, supports_check_mode=True, **constraints)


def need_driver(module: AnsibleModule) -> None:
    """Go on under a Python of this host that has a driver, or say what to install."""
    if find_driver() is not None:
        return
    if not has_respawned():
        for name in ("psycopg2", "psycopg"):
            interpreter = probe_interpreters_for_module(list(INTERPRETERS), name)
            if interpreter:
                respawn_module(interpreter)
    module.fail_json(
        msg="No PostgreSQL driver was found on this host: install python3-psycopg2 (or psycopg 3.1 and newer) for "
        "one of " + ", ".join(INTERPRETERS) + ", or set ansible_python_interpreter to a Python that has one. "
        "Nothing was touched."
    )


def parameters(options: dict[str, t.Any], database: str) -> dict[str, t.Any]:
    """libpq's parameters from Ansible's connection options; O(connect_params) win."""
    found = {libpq: options[name] for name, libpq in _LIBPQ.items() if options.get(name) not in (None, "")}
    if options.get("login_unix_socket") and found.get("host", "localhost") == "localhost":
        found["host"] = options["login_unix_socket"]
    found["dbname"] = database
    found.update(options.get("connect_params") or {})
    return found


def open_session(module: AnsibleModule, database: str) -> Session:
    """A session with `database` by the module's connection options."""
    return connect(parameters(module.params, database), application_name=f"pgops {module._name.rpartition('.')[2]}")


def refuse(module: AnsibleModule, error: PgOpsError) -> t.NoReturn:
    """End the module with the error's sentence and what it knows."""
    facts: dict[str, t.Any] = dict(error.facts)
    module.fail_json(msg=str(error), **facts)
