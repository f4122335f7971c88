"""The operations, one noun a file. Each gets the services and gives a router."""
