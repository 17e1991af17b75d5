"""What was said, handed to a completion hook: one of an installed package, of the application's, or our own upload.

The hooks are those of OpenTelemetry's instrumentations (`opentelemetry_genai_completion_hook`); a hook that serves them
serves here, and our `upload` serves them.
"""

from genscope.features.completion_hooks.loading import completion_hooks

__all__ = ["completion_hooks"]
