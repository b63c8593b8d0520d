"""What an event looks like on the wire. The standard library alone: packaged with every function."""
