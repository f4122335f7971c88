"""Three liquid-network agents who vote on each request, and the rules by which their votes decide."""
