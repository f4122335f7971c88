"""One run of an experiment: its folder, its load, what is watched, what is concluded. Without Chaos Toolkit."""
