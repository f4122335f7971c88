"""Lets askers in, and shows those out who do not get to their question."""

import selectors
import socket
import time
from collections.abc import Callable

from chaos_aura.stack.supervisor.conversation import Answer, Conversation

_PATIENCE_S = 5.0
_MOST = 200


class Reception:
    """However many come, and whatever they do, descriptors are left for the children's logs."""

    def __init__(
        self, listener: socket.socket, selector: selectors.BaseSelector, answer: Callable[[bytes], Answer]
    ) -> None:
        self._listener = listener
        self._selector = selector
        self._answer = answer
        self._conversations: list[Conversation] = []
        listener.setblocking(False)
        selector.register(listener, selectors.EVENT_READ, self._accept)

    def tidy(self) -> None:
        """Ends conversations in which nothing was asked for too long."""
        oldest_s = time.monotonic() - _PATIENCE_S
        for conversation in self._conversations:
            if conversation.began_s < oldest_s:
                conversation.close()
        self._conversations = [conversation for conversation in self._conversations if conversation.is_open]

    def _accept(self) -> None:
        self.tidy()
        if len(self._conversations) >= _MOST:
            self._conversations[0].close()
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # it went away again, or the system has no descriptor left: the next round tries again
        self._conversations.append(Conversation(connection, self._selector, self._answer, time.monotonic()))
