"""MIMI (More Instant Messaging Interoperability): content, timelines, policy, franking, and what bytes hold."""

from .mimi import *  # noqa: F403
