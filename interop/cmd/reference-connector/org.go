package main

import (
	"fmt"
	"slices"
	"sync"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
)

const teamCount = 6

// nested says which team is a member of which, and how that expands.
type nested struct {
	inside  int
	shallow bool
	types   []string
}

type user struct {
	id      string
	login   string
	enabled bool
}

// org is everything that the connector knows. Calls run concurrently.
type org struct {
	mutex   sync.Mutex
	users   []user
	members map[string][]string // team id to user ids
	nested  map[int][]nested    // team to the teams inside it
}

func newOrg(size int, cycle bool) *org {
	made := &org{members: map[string][]string{}, nested: map[int][]nested{
		1: {{inside: 0}},
		2: {{inside: 1}},
		3: {{inside: 2, shallow: true}},
		4: {{inside: 3}, {inside: 0, types: []string{"user"}}},
	}}
	for i := range size {
		id := fmt.Sprintf("u%05d", i)
		made.users = append(made.users, user{id: id, login: id + "@example.test", enabled: i%10 != 9})
		team := teamID(i % (teamCount - 1))
		made.members[team] = append(made.members[team], id)
	}
	if cycle {
		made.nested[0] = []nested{{inside: 2}}
	}
	return made
}

func teamID(i int) string { return fmt.Sprintf("t%d", i) }

// join adds a member and says whether that changed anything.
func (o *org) join(team, member string) bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if slices.Contains(o.members[team], member) {
		return false
	}
	o.members[team] = append(o.members[team], member)
	return true
}

// leave removes a member and says whether that changed anything.
func (o *org) leave(team, member string) bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	before := len(o.members[team])
	o.members[team] = slices.DeleteFunc(o.members[team], func(id string) bool { return id == member })
	return len(o.members[team]) < before
}

func (o *org) membersOf(team string) []string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return slices.Clone(o.members[team])
}

func (o *org) everyone() []user {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return slices.Clone(o.users)
}

func userID(id string) *v2.ResourceId {
	return v2.ResourceId_builder{ResourceType: "user", Resource: id}.Build()
}
