"""The usage projection: a process that reads the events and keeps in Redis what each tenant has used."""
