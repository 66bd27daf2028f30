"""Rebuilding views from the journal, and comparing them with the live stores."""
