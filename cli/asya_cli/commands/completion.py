"""`asya completion`: the script that teaches a shell to complete our commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_HELP = """\
Print the completion script for SHELL.

\b
asya completion bash > ~/.local/share/bash-completion/completions/asya
asya completion zsh > "${fpath[1]}/_asya"
asya completion fish > ~/.config/fish/completions/asya.fish
"""


@click.command(help=_HELP)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL."""
    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(ctx.find_root().command, {}, "asya", "_ASYA_COMPLETE").source())
