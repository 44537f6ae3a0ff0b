"""Two to six explanations of one network or model beside each other: where they contradict, and who is right."""
