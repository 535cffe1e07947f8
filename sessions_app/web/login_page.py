"""The page on which people log in."""

from typing import Any

from django.contrib.auth.views import LoginView

from sessions_app.access.authentication import caller_of


class LoginPage(LoginView):
    """Django's, which tells only whoever runs this server how accounts are made."""

    template_name = "sessions_app/login.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether the page may tell of commands."""
        return {
            **super().get_context_data(**kwargs),
            "is_at_machine": caller_of(self.request).is_at_machine,
        }
