"""The same stack in containers: one image, one container a service, the same programs with the same configuration."""
