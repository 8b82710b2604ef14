"""The seven patterns: each one file, one async generator, to be read at one sitting."""

from .react import ReAct as ReAct
