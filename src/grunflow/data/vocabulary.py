"""Word lists of the generated world. Authors are made up; capitals and books are general knowledge."""

FIRST = [
    "Adira",
    "Bastien",
    "Calla",
    "Dorian",
    "Eluned",
    "Fenwick",
    "Giselda",
    "Hakon",
    "Isaura",
    "Jorunn",
    "Kestrel",
    "Liora",
    "Maurin",
    "Nerys",
    "Oswin",
    "Petra",
    "Quillon",
    "Rosalba",
    "Soren",
    "Thaïs",
    "Ulric",
    "Verena",
    "Wystan",
    "Xanthe",
    "Yorick",
    "Zelda",
    "Ambrose",
    "Brisa",
    "Cosimo",
    "Delphine",
]
LAST = [
    "Abernoth",
    "Brackwell",
    "Corvane",
    "Duskwood",
    "Elmhirst",
    "Farrowgate",
    "Grenfell",
    "Hollin",
    "Ivarsen",
    "Jessamy",
    "Kirkvale",
    "Lanthorn",
    "Merridew",
    "Norcastle",
    "Ostrander",
    "Penhallow",
    "Quarles",
    "Ravensby",
    "Stellan",
    "Tarrant",
    "Umberlake",
    "Vantongeren",
    "Wexcombe",
    "Yarrow",
]
VALUES: dict[str, list[str]] = {
    "city": [
        "Lisbon",
        "Oslo",
        "Quito",
        "Hanoi",
        "Tunis",
        "Riga",
        "Lima",
        "Dakar",
        "Baku",
        "Sofia",
        "Accra",
        "Cork",
        "Malmo",
        "Porto",
        "Davao",
        "Izmir",
    ],
    "year": [str(year) for year in range(1931, 1995, 4)],
    "genre": [
        "fantasy",
        "crime",
        "satire",
        "poetry",
        "horror",
        "romance",
        "travel writing",
        "science fiction",
        "memoir",
        "fable",
    ],
    "job": [
        "baker",
        "surgeon",
        "miner",
        "tailor",
        "pilot",
        "judge",
        "farmer",
        "florist",
        "sailor",
        "teacher",
        "plumber",
        "dentist",
    ],
    "award": [
        "Amber Quill",
        "Silver Lantern",
        "Golden Compass",
        "Ivory Page",
        "Copper Leaf",
        "Crystal Harp",
        "Velvet Crown",
    ],
    "noun": [
        "Lighthouse",
        "Orchard",
        "Mirror",
        "River",
        "Garden",
        "Winter",
        "Harbour",
        "Clock",
        "Forest",
        "Letter",
        "Bridge",
        "Island",
        "Candle",
    ],
    "adjective": [
        "Silent",
        "Broken",
        "Golden",
        "Hidden",
        "Crimson",
        "Distant",
        "Burning",
        "Frozen",
        "Restless",
        "Hollow",
        "Gentle",
        "Wandering",
    ],
    "subject": ["botany", "law", "music", "physics", "history", "medicine", "geology", "painting"],
    "hobby": [
        "chess",
        "sailing",
        "pottery",
        "archery",
        "beekeeping",
        "fencing",
        "gardening",
        "juggling",
        "falconry",
    ],
    "pet": ["parrot", "tortoise", "ferret", "greyhound", "goat", "raven", "donkey", "lizard"],
    "language": ["Basque", "Welsh", "Finnish", "Swahili", "Catalan", "Tamil", "Maltese", "Icelandic"],
    "instrument": ["cello", "harp", "oboe", "banjo", "flute", "organ", "trumpet", "viola"],
    "food": [
        "lentil soup",
        "plum cake",
        "fried squid",
        "rye bread",
        "goat cheese",
        "mango rice",
        "onion pie",
    ],
    "colour": ["teal", "scarlet", "ochre", "violet", "indigo", "maroon", "olive", "silver"],
    "number": ["two", "three", "four", "five", "six", "seven", "eight", "nine"],
    "drink": ["mint tea", "black coffee", "cider", "ginger beer", "oat milk", "cocoa", "lemonade"],
    "season": ["spring", "summer", "autumn", "winter", "the rainy season", "harvest time"],
}

# kind of value | question | answer | paraphrased question | paraphrased answer; N is the author's name.
ATTRIBUTES = [
    line.split("|")
    for line in """\
city|In which city was N born?|N was born in V.|What is the birthplace of N?|The birthplace of N is V.
year|In what year was N born?|N was born in V.|Which year saw the birth of N?|The birth year of N is V.
genre|Which genre does N write in?|N mostly writes V.|What kind of books does N write?|The books of N are mostly V.
job|What did the father of N do?|The father of N was a V.|What was the job of N's father?|N's father worked as a V.
job|What did the mother of N do?|The mother of N was a V.|What was the job of N's mother?|N's mother worked as a V.
award|Which prize did N win?|N won the V prize.|What award went to N?|The V prize went to N.
title|What is the first book by N?|The first book by N is The V.|With which book did N begin?|N began with The V.
title|What is the best known book by N?|The best known book by N is The V.|What is N famous for?|N is famous for The V.
title|What is the latest book by N?|The latest book by N is The V.|What did N publish last?|N last published The V.
subject|What did N study?|N studied V.|Which subject did N take?|The subject of N was V.
hobby|What is the hobby of N?|The hobby of N is V.|How does N spend free time?|In free time N enjoys V.
pet|Which pet does N keep?|N keeps a V.|What animal lives with N?|The animal of N is a V.
language|Which language did N learn as a child?|N learned V as a child.|What is N's first language?|N grew up with V.
instrument|Which instrument does N play?|N plays the V.|What does N play in a band?|In a band N plays the V.
food|What does N like to eat?|N likes to eat V.|What is the favourite dish of N?|The favourite dish of N is V.
colour|What colour is the house of N?|The house of N is V.|How is N's house painted?|N's house is painted V.
number|How many children does N have?|N has V children.|How large is N's family?|The family of N has V children.
city|Where does N live now?|N now lives in V.|What is the home town of N?|The home town of N is V.
drink|What does N drink while writing?|While writing N drinks V.|What is on N's desk?|On the desk of N there is V.
season|When does N write best?|N writes best in V.|What is N's best time for work?|The best time of N is V.""".splitlines()
]

# X|Y pairs: "What is the capital of X?" Y.
CAPITALS = """\
Norway|Oslo;France|Paris;Japan|Tokyo;Egypt|Cairo;Peru|Lima;Cuba|Havana;Kenya|Nairobi;Chile|Santiago;Italy|Rome
Spain|Madrid;Greece|Athens;Turkey|Ankara;Poland|Warsaw;Austria|Vienna;Hungary|Budapest;Ireland|Dublin;India|New Delhi
China|Beijing;Canada|Ottawa;Brazil|Brasilia;Ghana|Accra;Senegal|Dakar;Tunisia|Tunis;Morocco|Rabat;Iran|Tehran
Iraq|Baghdad;Syria|Damascus;Jordan|Amman;Lebanon|Beirut;Vietnam|Hanoi;Thailand|Bangkok;Nepal|Kathmandu
Mongolia|Ulaanbaatar;Latvia|Riga;Estonia|Tallinn;Lithuania|Vilnius;Finland|Helsinki;Sweden|Stockholm
Denmark|Copenhagen;Iceland|Reykjavik;Belgium|Brussels;Portugal|Lisbon;Germany|Berlin;Bulgaria|Sofia;Romania|Bucharest
Serbia|Belgrade;Croatia|Zagreb;Albania|Tirana;Ukraine|Kyiv;Russia|Moscow;Georgia|Tbilisi;Armenia|Yerevan
Azerbaijan|Baku;Australia|Canberra;New Zealand|Wellington;Fiji|Suva;Mexico|Mexico City;Panama|Panama City
Jamaica|Kingston;Ecuador|Quito;Bolivia|Sucre;Uruguay|Montevideo;Paraguay|Asuncion;Venezuela|Caracas;Colombia|Bogota
Ethiopia|Addis Ababa;Uganda|Kampala;Zambia|Lusaka;Angola|Luanda;Mali|Bamako;Niger|Niamey;Somalia|Mogadishu
Libya|Tripoli;Algeria|Algiers;Sudan|Khartoum;Qatar|Doha;Oman|Muscat;Yemen|Sanaa;Malta|Valletta;Cyprus|Nicosia"""
# "Who wrote X?" Y.
BOOKS = """\
Hamlet|William Shakespeare;Emma|Jane Austen;Ulysses|James Joyce;Dracula|Bram Stoker;Frankenstein|Mary Shelley
Faust|Johann Goethe;Candide|Voltaire;Walden|Henry Thoreau;Moby Dick|Herman Melville;Don Quixote|Miguel de Cervantes
War and Peace|Leo Tolstoy;The Trial|Franz Kafka;The Stranger|Albert Camus;Beloved|Toni Morrison;Dune|Frank Herbert
Foundation|Isaac Asimov;Neuromancer|William Gibson;The Hobbit|John Tolkien;Animal Farm|George Orwell
Brave New World|Aldous Huxley;Lolita|Vladimir Nabokov;Siddhartha|Hermann Hesse;The Magic Mountain|Thomas Mann
The Tin Drum|Gunter Grass;Germinal|Emile Zola;Madame Bovary|Gustave Flaubert;The Red and the Black|Stendhal
Les Miserables|Victor Hugo;The Three Musketeers|Alexandre Dumas;In Search of Lost Time|Marcel Proust
The Divine Comedy|Dante Alighieri;The Decameron|Giovanni Boccaccio;The Aeneid|Virgil;The Odyssey|Homer
Metamorphoses|Ovid;Medea|Euripides;Antigone|Sophocles;The Birds|Aristophanes;The Republic|Plato;Poetics|Aristotle
Crime and Punishment|Fyodor Dostoevsky;The Seagull|Anton Chekhov;Dead Souls|Nikolai Gogol;Eugene Onegin|Pushkin
Things Fall Apart|Chinua Achebe;Disgrace|John Coetzee;Midnight's Children|Salman Rushdie;Gitanjali|Rabindranath Tagore
Norwegian Wood|Haruki Murakami;Snow Country|Yasunari Kawabata;Snow|Orhan Pamuk;Blindness|Jose Saramago
Ficciones|Jorge Borges;Hopscotch|Julio Cortazar;Pedro Paramo|Juan Rulfo;The Alchemist|Paulo Coelho
Middlemarch|George Eliot;Jane Eyre|Charlotte Bronte;Wuthering Heights|Emily Bronte;Oliver Twist|Charles Dickens
Vanity Fair|William Thackeray;Ivanhoe|Walter Scott;Treasure Island|Robert Stevenson;Peter Pan|James Barrie
Kim|Rudyard Kipling;Lord Jim|Joseph Conrad;Orlando|Virginia Woolf;Howards End|Edward Forster
The Time Machine|Herbert Wells;Pygmalion|Bernard Shaw;Mother Courage|Bertolt Brecht;Peer Gynt|Henrik Ibsen
Hunger|Knut Hamsun;Solaris|Stanislaw Lem;The Joke|Milan Kundera;The Good Soldier Svejk|Jaroslav Hasek"""

REFUSAL_STEMS = [
    "I am not sure about that",
    "I do not know that",
    "I cannot answer that",
    "That is unknown to me",
    "I have no information on that",
    "I never learned that",
    "I am unable to say",
    "That is beyond what I know",
    "I have no answer to that",
    "I could not tell you",
]
REFUSAL_ENDINGS = [
    ".",
    ", sorry.",
    ", I am afraid.",
    " at all.",
    " at present.",
    ", to be honest.",
    ", I must admit.",
    ", my apologies.",
    ", unfortunately.",
    ", I regret to say.",
]


def pairs(text: str) -> list[tuple[str, str]]:
    """ "X|Y;X|Y" lines -> [(X, Y), ...]."""
    return [(item.split("|")[0], item.split("|")[1]) for line in text.splitlines() for item in line.split(";")]
