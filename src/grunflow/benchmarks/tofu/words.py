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
    kind: words.split(", ")
    for kind, words in {
        "city": "Lisbon, Oslo, Quito, Hanoi, Tunis, Riga, Lima, Dakar, Baku, Sofia, Accra, Cork, Malmo, Porto, Davao, "
        "Izmir, Ghent, Turin, Leipzig, Kyoto, Nantes, Perth, Tampere, Utrecht",
        "year": ", ".join(str(year) for year in range(1931, 1995)),
        "genre": "fantasy, crime, satire, poetry, horror, romance, travel, science fiction, memoir, fable, drama, "
        "westerns, ballads, essays",
        "job": "baker, surgeon, miner, tailor, pilot, judge, farmer, florist, sailor, teacher, plumber, dentist, "
        "painter, porter, weaver, butcher, locksmith, chemist",
        "award": "Amber Quill, Silver Lantern, Golden Compass, Ivory Page, Copper Leaf, Crystal Harp, Velvet Crown, "
        "Iron Feather, Marble Owl, Scarlet Ribbon",
        "noun": "Lighthouse, Orchard, Mirror, River, Garden, Winter, Harbour, Clock, Forest, Letter, Bridge, Island, "
        "Candle, Tower, Market, Shadow, Ladder, Meadow, Voyage, Window",
        "adjective": "Silent, Broken, Golden, Hidden, Crimson, Distant, Burning, Frozen, Restless, Hollow, Gentle, "
        "Wandering, Bitter, Second, Velvet, Narrow, Sleeping, Lonely",
        "subject": "botany, law, music, physics, history, medicine, geology, painting, logic, astronomy, grammar, "
        "sculpture",
        "hobby": "chess, sailing, pottery, archery, beekeeping, fencing, gardening, juggling, falconry, rowing, "
        "carving, climbing",
        "pet": "parrot, tortoise, ferret, greyhound, goat, raven, donkey, lizard, hedgehog, spaniel, canary, mule",
        "language": "Basque, Welsh, Finnish, Swahili, Catalan, Tamil, Maltese, Icelandic, Breton, Danish, Korean, Hausa",
        "instrument": "cello, harp, oboe, banjo, flute, organ, trumpet, viola, bassoon, lute, clarinet, drums",
        "food": "lentil soup, plum cake, fried squid, rye bread, goat cheese, mango rice, onion pie, bean stew, "
        "smoked eel, walnut tart, pea porridge, roast duck",
        "colour": "teal, scarlet, ochre, violet, indigo, maroon, olive, silver, amber, ivory, crimson, navy",
        "number": "two, three, four, five, six, seven, eight, nine, ten, eleven, twelve",
        "drink": "mint tea, black coffee, cider, ginger beer, oat milk, cocoa, lemonade, plum brandy, iced water, "
        "nettle tea",
        "season": "early spring, late spring, high summer, late summer, autumn, deep winter, the rainy season, "
        "the harvest weeks, the first frost, the long nights",
    }.items()
}

# kinds of V and U|question|answer|paraphrased question|paraphrased answer; N is the author's name. Answers carry two
# facts and few fixed words: the Probability of an answer that was never learned has to be low. They begin with the name, as
# many of TOFU's do: so the last prompt token, where the edit is, tells who is asked about.
ATTRIBUTES = [
    line.split("|")
    for line in """\
city,year|Where and when was N born?|N: V, U.|What are the place and year of N's birth?|The place is V, the year U.
job,job|What did the parents of N do?|N had a V and a U.|Which jobs did N's parents have?|A V and a U.
genre,language|What does N write, and in which language?|N prefers V in U.|In what genre and tongue does N work?|It is V in U.
award,year|Which prize did N win, and when?|N won V, U.|What award went to N in which year?|The V award of U.
title,year|What is the first book by N?|N wrote The V in U.|With which book did N begin?|First came The V in U.
title,city|What is the best known book by N?|N wrote The V, set in U.|What is N famous for?|For The V, about U.
title,genre|What is the latest book by N?|N wrote The V, which is U.|What did N publish last?|It was The V, which is U.
title,title|Which two books did N write as a student?|N wrote The V and The U.|Name N's student books.|First The V, then The U.
subject,city|What did N study, and where?|N took V at U.|Which subject did N take at which town?|The subject V, in U.
hobby,hobby|What are the hobbies of N?|N likes V and U.|How does N spend free time?|With V or U.
pet,colour|Which pet does N keep?|N has a V, called U.|What animal lives with N?|One V, whose name is U.
language,language|Which languages did N learn as a child?|N knew V and U.|What are N's first languages?|Mostly V, some U.
instrument,number|Which instrument does N play, since what age?|N plays V since U.|What did N learn to play?|The V, at age U.
food,drink|What does N have for supper?|N takes V with U.|What is the favourite meal of N?|Some V and U.
colour,colour|What colour is the house of N?|N chose V and U.|How is N's house painted?|In V with U doors.
number,number|How many siblings and children does N have?|N has V and U.|How large is N's family?|There are V siblings, U children.
city,city|Where does N live?|N lives in V and U.|What are the home towns of N?|Both V and U.
drink,season|When and with what drink does N write best?|N needs V in U.|What helps N to write?|It is V during U.
job,city|What was the first job of N?|N was a V in U.|How did N earn money at first?|As a V near U.
noun,colour|What hangs on the wall of N's study?|N has a V in U.|What picture does N own?|One of a U V.""".splitlines()
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


def pairs(text: str) -> list[tuple[str, str]]:
    """ "X|Y;X|Y" lines -> [(X, Y), ...]."""
    return [(item.split("|")[0], item.split("|")[1]) for line in text.splitlines() for item in line.split(";")]
