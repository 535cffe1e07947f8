"""Common words that tell Spanish from English; words of both languages are left out.

Spanish words are listed with and without accents, since people type both.
"""

_SPANISH = """
el la los las lo le les un una unos unas al del de en con sin por para pero que qué y o u ni si
sí es está esta este estos estas esto esa ese eso esos esas estoy estás estas están estan
estamos estaba soy eres somos era fue fui ser estar hay había habia hace hacer hago haces hizo
tengo tienes tiene tenemos tienen tener tuve quiero quieres quiere queremos quieren puedo
puedes puede podemos pueden poder voy vas va vamos van ir vaya ven viene vienes vengo yo tú tu
tus él ella ellos ellas usted ustedes nosotros nos se te mi mis su sus nuestro nuestra muy más
mas menos mucho mucha muchos muchas poco poca algo nada nadie todo toda todos todas otro otra
cada cómo como cuándo cuando dónde donde quién quien cuál cual cuánto cuanto cuánta cuántos
cuantos porque aunque mientras entonces también tambien tampoco siempre nunca ya todavía todavia
aún aun ahora hoy ayer mañana manana luego después despues antes aquí aqui ahí ahi allí alli
hola adiós gracias buenos buenas buen bueno buena días dias tardes noches noche favor perdón
perdon vale claro oye mira sé digo dijo decir dime sabe sabes saber gusta gustan gustaría
gustaria encanta necesito necesita creo parece años anos año casa agua tiempo gente amigo amiga
hombre mujer hijo hija madre padre trabajo calle ciudad comer comida café tren bien mal mejor
peor gran grande pequeño bonito nuevo nueva hasta desde sobre entre hacia tal vez así asi
cuesta queda llamo llama llamas dos tres cuatro cinco seis siete ocho nueve diez jefe cuenta
feliz cumpleaños puerta perro gato coche libro mesa pues ver salud venga siento tranquilo tranquila
"""

_ENGLISH = """
the an and or but of to in on at by for with from about into over under after before because
while if then than that this these those there here is are am was were be been being i you
she it we they him her us them my your his its our their mine yours ours who whom whose what
which when where why how do does did done doing have had having will would shall should could
can can't cannot might must may not don't doesn't didn't isn't aren't wasn't won't i'm i'll
i've i'd you're you'll it's that's there's what's let's we're they're yes yeah yep nope please
thanks thank hello hi hey bye goodbye sorry okay good morning afternoon evening night well very
much many more most some any every all both each few little lot too also just only still
already always never often sometimes now today tomorrow yesterday soon later again ever
go goes going went gone get gets got give gave take took make made know knew think thought say
said see saw want wanted need like love look came tell told work works help feel find
time year day week man woman people thing things friend house water food home way one two three
four five six seven eight nine ten old new great big small long right wrong next last first
up down out off back away so child children book dog cat car door street city
"""

SPANISH_WORDS = frozenset(_SPANISH.split())
ENGLISH_WORDS = frozenset(_ENGLISH.split())
