"""The sandbox, started as its own process and spoken to over real sockets."""
