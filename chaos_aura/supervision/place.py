"""The names of a supervisor's files inside a stack's folder."""

SOCKET = "supervisor.sock"
LOCK = "supervisor.lock"
LOG = "logs/supervisor.log"
CATALOGUE = "catalogue.json"
PROGRAMS = "programs.json"
