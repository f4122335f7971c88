"""The names of a supervisor's files inside a stack's folder."""

SOCKET = "supervisor.sock"
LOCK = "supervisor.lock"
LOG = "logs/supervisor.log"
CATALOGUE = "catalogue.json"
PROGRAMS = "programs.json"
# The job that makes start-up caches in the background, and its folder.
TRAINING = "training"
