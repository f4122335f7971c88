"""Safe injection: nothing is hurt before its healing is written down."""
