"""Which consent is asked is the channel's to say; nobody is contacted without one but by a declared rule."""

from typing import get_args

import pytest

from activation import participation
from activation.catalogue import find_channels
from activation.channel import Contact
from activation.delivery import usual
from activation.sync import load_syncs
from core.errors import ConfigError
from core.settings import load_settings

CHANNELS = find_channels([load_settings().root / "activation" / "channels"])
CONTACTING = sorted(name for name, file in CHANNELS.items() if "none" not in file.ABOUT.contacts)
STORES = sorted(name for name, file in CHANNELS.items() if {"none", "email"} <= set(file.ABOUT.contacts))
BASIS = 'basis: "the order that they have placed"\n'


@pytest.fixture
def refused(project):
    """Why a sync of this channel is refused, of a segment or of a feed; '' where it is taken."""
    feeds = project.settings.root / "dbt_project/models/marts/feeds"
    feeds.mkdir(parents=True)
    (feeds / "feed__orders.sql").write_text("select event_id from x")

    def ask(channel, contact, more="", source="segment: loyal"):
        stem = source.split(": ")[1]
        path = project.settings.root / f"activation/syncs/{stem}__{channel}.yml"
        path.write_text(
            f"description: d\n{source}\nchannel: {channel}\ncontact_channel: {contact}\n"
            f"mode: append\nfields: {{email: email}}\n{more}"
        )
        try:
            load_syncs(project.settings, [path.stem])
        except ConfigError as error:
            return "\n".join(m for m in error.mistakes if "FL418" in m)
        finally:
            path.unlink()
        return ""

    return ask


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_each_channel_says_by_what_it_reaches_people_and_takes_no_other_consent(refused, name):
    contacts = CHANNELS[name].ABOUT.contacts
    assert contacts and set(contacts) <= set(get_args(Contact)) and len(set(contacts)) == len(contacts)
    basis = BASIS if len(contacts) > 1 else ""
    taken = {c for c in get_args(Contact) if not refused(name, c, basis if c == "none" else "")}
    assert taken == set(contacts)


@pytest.mark.parametrize("name", CONTACTING)
def test_a_channel_that_contacts_people_takes_none_only_from_a_transactional_feed_with_a_basis(refused, name):
    transactional = "message_class: transactional\n"
    assert ":4: contact_channel: FL418" in refused(name, "none")
    assert refused(name, "none", BASIS), "a basis alone does not make a message transactional"
    assert "write `basis" in refused(name, "none", transactional, "feed: orders")
    assert "never from a segment" in refused(name, "none", transactional + BASIS)
    assert refused(name, "none", transactional + BASIS, "feed: orders") == ""


@pytest.mark.parametrize("name", STORES)
def test_a_store_takes_none_with_a_reason_and_another_consent_without(refused, name):
    assert "why nobody is contacted by it" in refused(name, "none")
    assert "why nobody is contacted by it" in refused(name, "none", 'basis: "  "\n')
    assert refused(name, "none", 'basis: "a list inside the house"\n') == refused(name, "email") == ""
    assert "the consent for email is asked" in refused(name, "email", BASIS)


def test_transactional_mail_is_said_in_one_place(refused):
    inside = "options: {subject: s, text: t, message_class: transactional}\n"
    assert "message_class: write it beside" in refused("smtp", "email", inside)
    assert "message_class: write it beside" in refused("smtp", "email", inside, "feed: orders")


def test_what_the_file_says_once_reaches_the_channel(project, monkeypatch):
    feeds = project.settings.root / "dbt_project/models/marts/feeds"
    feeds.mkdir(parents=True)
    (feeds / "feed__orders.sql").write_text("select event_id from x")
    (project.settings.root / "activation/syncs/orders__smtp.yml").write_text(
        "description: d\nfeed: orders\nchannel: smtp\ncontact_channel: none\nmessage_class: transactional\n"
        f"{BASIS}mode: append\nfields: {{email: email}}\noptions: {{subject: Your order, text: It is on its way.}}\n"
    )
    monkeypatch.setenv("FAIRLEAD_SMTP_PASSWORD", "secret")
    smtp = {"options": {"host": "127.0.0.1", "from_address": "orders@example.com"}}
    project.settings = load_settings(root=project.settings.root, home=project.settings.home, channels={"smtp": smtp})
    sync = load_syncs(project.settings)["orders__smtp"]
    with participation.opened(project.settings, sync) as channel:
        assert channel.options.message_class == "transactional" and usual.missing(channel) == ""
