"""What is done in a container's own network: rules of its packet filter, queues of its interfaces."""
