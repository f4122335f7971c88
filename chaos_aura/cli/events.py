"""`chaos-aura events`: a group of commands, each in a file of its own."""

import typer

from chaos_aura.cli.events_replay import replay
from chaos_aura.cli.events_timeline import timeline
from chaos_aura.cli.events_validate import validate

group = typer.Typer(add_completion=False, rich_markup_mode=None)


@group.callback()
def events() -> None:
    """Judge, copy or tell the events that the platform wrote to Kafka.

    They are read from Kafka itself, past every edge, by no consumer group: nothing of the stack notices.
    """


for command in (validate, replay, timeline):
    group.command(command.__name__)(command)
