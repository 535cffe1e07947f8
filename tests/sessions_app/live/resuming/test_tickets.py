"""The tickets of a session: whichever of them a client has, it can come back with it."""

from sessions_app.live.resuming.tickets import MOST_FOLLOWING, ResumeTickets, ticket_hash


def issued(tickets: ResumeTickets) -> str:
    return ticket_hash(tickets.issue())


def test_a_ticket_is_good_until_it_is_known_that_the_client_has_a_later_one() -> None:
    tickets = ResumeTickets()
    first, second = issued(tickets), issued(tickets)
    assert (tickets.current, tickets.following) == (first, second)
    assert tickets.confirm(second)
    assert not tickets.confirm(second)
    assert [tickets.opens(each) for each in (first, second)] == [False, True]


def test_of_two_clients_that_came_with_one_ticket_each_may_come_again() -> None:
    tickets = ResumeTickets()
    first, one, other = issued(tickets), issued(tickets), issued(tickets)
    assert [tickets.opens(each) for each in (first, one, other)] == [True] * 3
    assert tickets.confirm(one)
    assert [tickets.opens(each) for each in (first, one, other)] == [False, True, True]
    assert not tickets.confirm(first)


def test_only_the_newest_are_kept_of_those_that_nobody_used() -> None:
    tickets = ResumeTickets()
    first = issued(tickets)
    later = [issued(tickets) for _ in range(MOST_FOLLOWING + 1)]
    assert [tickets.opens(each) for each in later] == [False] + [True] * MOST_FOLLOWING
    assert tickets.opens(first)


def test_no_ticket_is_the_empty_one() -> None:
    assert not ResumeTickets().opens("")
