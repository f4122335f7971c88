"""What each store holds of one request, asked side by side, for `chaos-aura trace`."""
