#!/usr/bin/env python3
"""Writes docker-compose.chaos.yml from the tables of the stack.

.venv/bin/python scripts/make_compose.py            writes it; a test holds the file to the code
"""

from pathlib import Path

from chaos_aura.stack.docker.compose_file import NAME, compose_file

if __name__ == "__main__":
    (Path(__file__).resolve().parents[1] / NAME).write_text(compose_file(), encoding="utf-8")
