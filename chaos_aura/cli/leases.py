"""`chaos-aura leases`."""

import json
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from chaos_aura.cli.fault_engine import ground_here, left_words
from chaos_aura.cli.lease_document import document_of
from chaos_aura.core.boot import boot_id, since_boot_s
from chaos_aura.core.lease import Lease, LeaseState
from chaos_aura.core.signature import signer
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.place import REAPER_LOCK

_STYLES = {LeaseState.IN_FORCE: "yellow", LeaseState.STUCK: "red", LeaseState.HEALED: "green"}


def leases(
    all_of_them: Annotated[bool, typer.Option("--all", help="Those that were healed lately, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Show the faults that are not healed yet.

    Works with the stack down. A lease is intended before its fault is injected, then in force, then healed; stuck when
    its healing could not be proven: then the command is shown that a person can type, and it is tried again by itself.
    """
    ground = ground_here()
    known, unread = Ledger(ground.folder).read()
    shown = [lease for lease in known.values() if all_of_them or lease.is_open]
    reaper = signer(ground.folder / REAPER_LOCK)
    if as_json:
        rows = [{**document_of(lease), "ends_in_s": _left_s(lease)} for lease in shown]
        document = {"schema": 1, "reaper_pid": reaper.pid if reaper else None, "unread_lines": unread, "leases": rows}
        typer.echo(json.dumps(document, indent=2))
        return
    if shown:
        console, table = Console(soft_wrap=True), _table(shown)
        console.width = max(console.width, Measurement.get(console, console.options.update(width=1000), table).maximum)
        console.print(table)  # nothing is ever cut
        _print_stuck(shown)
    else:
        typer.echo("no fault is open")
    if unread:
        typer.echo(f"note: {unread} lines of {Ledger(ground.folder).path} could not be read")


def _table(shown: list[Lease]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("lease", "fault", "target", "state", "began", "ends in", "injector", "owner"):
        table.add_column(name, no_wrap=True)
    for lease in shown:
        style = _STYLES.get(lease.state, "")
        table.add_row(
            lease.id,
            lease.fault.kind,
            lease.fault.target,
            f"[{style}]{lease.state.value}[/]" if style else lease.state.value,
            time.strftime("%H:%M:%S", time.localtime(lease.began_at)),
            left_words(_left_s(lease)) if lease.is_open else "",
            lease.injector,
            f"{lease.owner.process.pid}" + ("" if lease.owner.is_alive(boot_id()) else " (dead)"),
        )
    return table


def _print_stuck(shown: list[Lease]) -> None:
    for lease in shown:
        if lease.state is LeaseState.STUCK:
            typer.echo(f"{lease.id} is stuck: {lease.why}")
            if lease.undo.by_hand:
                typer.echo(f"  by hand: {lease.undo.by_hand}")


def _left_s(lease: Lease) -> float:
    return 0.0 if lease.owner.boot != boot_id() else round(max(0.0, lease.ends_s - since_boot_s()), 1)
