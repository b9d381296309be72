"""What the people of a country are called in English: ISO 3166 code → adjectives and nouns, singular and plural.

Babel and pycountry have the names of countries and languages, and no such words. Not covered: peoples without a state,
other languages.
"""

from __future__ import annotations

_LINES = """
AE Emirati Emiratis;AF Afghan Afghans;AL Albanian Albanians;AM Armenian Armenians;AO Angolan Angolans
AR Argentine Argentines Argentinian Argentinians Argentinean;AT Austrian Austrians
AU Australian Australians Aussie Aussies;AZ Azerbaijani Azerbaijanis;BA Bosnian Bosnians;BB Barbadian Barbadians
BD Bangladeshi Bangladeshis;BE Belgian Belgians;BF Burkinabe;BG Bulgarian Bulgarians;BH Bahraini Bahrainis
BI Burundian Burundians;BJ Beninese;BN Bruneian Bruneians;BO Bolivian Bolivians;BR Brazilian Brazilians
BS Bahamian Bahamians;BT Bhutanese;BW Botswanan Motswana Batswana;BY Belarusian Belarusians;BZ Belizean Belizeans
CA Canadian Canadians;CD Congolese;CH Swiss;CI Ivorian Ivorians;CL Chilean Chileans;CM Cameroonian Cameroonians
CN Chinese;CO Colombian Colombians;CR Rican Ricans;CU Cuban Cubans;CV Verdean Verdeans;CY Cypriot Cypriots
CZ Czech Czechs;DE German Germans;DJ Djiboutian Djiboutians;DK Danish Dane Danes;DM Dominican Dominicans
DZ Algerian Algerians;EC Ecuadorian Ecuadorians;EE Estonian Estonians;EG Egyptian Egyptians;ER Eritrean Eritreans
ES Spanish Spaniard Spaniards;ET Ethiopian Ethiopians;FI Finnish Finn Finns;FJ Fijian Fijians
FR French Frenchman Frenchwoman;GA Gabonese
GB British Briton Britons Brit Brits English Englishman Scottish Scot Scots Welsh;GD Grenadian Grenadians
GE Georgian Georgians;GH Ghanaian Ghanaians;GM Gambian Gambians;GN Guinean Guineans;GR Greek Greeks
GT Guatemalan Guatemalans;GY Guyanese;HN Honduran Hondurans;HR Croatian Croatians Croat Croats;HT Haitian Haitians
HU Hungarian Hungarians;ID Indonesian Indonesians;IE Irish Irishman Irishwoman;IL Israeli Israelis;IN Indian Indians
IQ Iraqi Iraqis;IR Iranian Iranians Persian Persians;IS Icelandic Icelander Icelanders;IT Italian Italians
JM Jamaican Jamaicans;JO Jordanian Jordanians;JP Japanese;KE Kenyan Kenyans;KG Kyrgyz;KH Cambodian Cambodians;KP
KR Korean Koreans;KW Kuwaiti Kuwaitis;KZ Kazakh Kazakhs;LA Laotian Laotians Lao;LB Lebanese;LK Lankan Lankans
LR Liberian Liberians;LT Lithuanian Lithuanians;LU Luxembourgish Luxembourger;LV Latvian Latvians;LY Libyan Libyans
MA Moroccan Moroccans;MC Monegasque;MD Moldovan Moldovans;ME Montenegrin Montenegrins;MG Malagasy
MK Macedonian Macedonians;ML Malian Malians;MM Burmese;MN Mongolian Mongolians;MR Mauritanian Mauritanians;MT Maltese
MU Mauritian Mauritians;MV Maldivian Maldivians;MW Malawian Malawians;MX Mexican Mexicans;MY Malaysian Malaysians
MZ Mozambican Mozambicans;NA Namibian Namibians;NE Nigerien Nigeriens;NG Nigerian Nigerians;NI Nicaraguan Nicaraguans
NL Dutch Dutchman Dutchwoman;NO Norwegian Norwegians;NP Nepali Nepalis Nepalese;NZ Zealander Zealanders Kiwi Kiwis
OM Omani Omanis;PA Panamanian Panamanians;PE Peruvian Peruvians;PG;PH Filipino Filipinos Filipina Filipinas
PK Pakistani Pakistanis;PL Polish Pole Poles;PS Palestinian Palestinians;PT Portuguese;PY Paraguayan Paraguayans
QA Qatari Qataris;RO Romanian Romanians;RS Serbian Serbians Serb Serbs;RU Russian Russians;RW Rwandan Rwandans
SA Saudi Saudis;SC Seychellois;SD Sudanese;SE Swedish Swede Swedes;SG Singaporean Singaporeans
SI Slovenian Slovenians Slovene Slovenes;SK Slovak Slovaks Slovakian;SN Senegalese;SO Somali Somalis Somalian
SR Surinamese;SV Salvadoran Salvadorans;SY Syrian Syrians;TD Chadian Chadians;TG Togolese;TH Thai Thais
TJ Tajik Tajiks;TM Turkmen;TN Tunisian Tunisians;TO Tongan Tongans;TR Turkish Turk Turks;TT Trinidadian Trinidadians
TW Taiwanese;TZ Tanzanian Tanzanians;UA Ukrainian Ukrainians;UG Ugandan Ugandans;US American Americans
UY Uruguayan Uruguayans;UZ Uzbek Uzbeks;VE Venezuelan Venezuelans;VN Vietnamese;WS Samoan Samoans;XK Kosovar Kosovars
YE Yemeni Yemenis;ZA African Africans;ZM Zambian Zambians;ZW Zimbabwean Zimbabweans
"""
_COMPOUND = {
    "Costa Rican": "CR", "Costa Ricans": "CR", "Cape Verdean": "CV", "New Zealander": "NZ", "New Zealanders": "NZ",
    "North Korean": "KP", "North Koreans": "KP", "Papua New Guinean": "PG", "Saudi Arabian": "SA",
    "South African": "ZA", "South Africans": "ZA", "South Korean": "KR", "South Koreans": "KR", "Sri Lankan": "LK",
    "Sri Lankans": "LK",
}  # fmt: skip
_PARTS = frozenset({"African", "Africans", "Lankan", "Lankans", "Rican", "Ricans", "Verdean", "Verdeans", "Zealander",
                    "Zealanders"})  # fmt: skip
"""Words that mean a people only behind another word."""
DEMONYMS = {
    word: code
    for code, *words in (entry.split() for line in _LINES.strip().splitlines() for entry in line.split(";"))
    for word in words
    if word not in _PARTS
} | _COMPOUND
"""Word → country."""
