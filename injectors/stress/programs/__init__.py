"""What the helpers run: standard library only."""
