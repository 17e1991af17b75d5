"""What the shop knows: its city guides, and its orders."""

GUIDES = {
    "Amsterdam": "Amsterdam is the capital of the Netherlands. Its canals freeze in cold winters; bicycles go first.",
    "Berlin": "Berlin is the capital of Germany. The museums stand on an island in the river Spree.",
    "Brussels": "Brussels is the capital of Belgium. Waffles are sold all around the Grand Place.",
    "Lisbon": "Lisbon is the capital of Portugal. Trams climb its hills; the river Tagus ends here in the Atlantic.",
    "London": "London is the capital of the United Kingdom. The large museums cost nothing; the underground does.",
    "Lyon": "Lyon is a city of France on two rivers, the Rhône and the Saône. It is known for its kitchens.",
    "Madrid": "Madrid is the capital of Spain. Dinner begins at ten; the Prado is free in the last hours of the day.",
    "Paris": "Paris is the capital of France. Its metro closes at one; most museums close on Tuesdays.",
    "Rome": "Rome is the capital of Italy. Water from the small fountains in the streets is good to drink.",
    "Vienna": "Vienna is the capital of Austria. In its coffee houses nobody is asked to leave.",
}

ORDERS = {
    1: {"guide": "Paris", "status": "on its way", "days_left": 2},
    2: {"guide": "Lisbon", "status": "delivered", "days_left": 0},
}
