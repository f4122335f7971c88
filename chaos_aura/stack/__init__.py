"""The real services on this machine: fetched, started, supervised, reached through edges."""
