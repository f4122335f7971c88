"""Services as processes: which one a service is, who belongs to it, whether it may be signalled and how."""
