"""The words on the wire: events, HTTP bodies and the documents published from them."""
