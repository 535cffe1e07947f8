// One recording's page in Spanish.

import { use } from "./strings.js";

export const spanish = {
  "button.play": "Reproducir",
  "button.pause": "Pausa",
  "button.save": "Guardar",
  "button.leave": "Dejarlo como estaba",
  "problem.sound": "El sonido no se puede reproducir aquí. Descárguelo y pruebe con otro reproductor.",
  "problem.elsewhere": "Su sonido está en otro proceso del servidor que el que ha respondido. Vuelva a intentarlo, o más tarde si ahora no está en marcha.",
  "problem.socket": "Se ha cortado la conexión con el servidor. Lo que se oyó hasta entonces está en el Historial.",
  "problem.save": "No se ha guardado: {reason}",
  "problem.network": "no se puede contactar con el servidor.",
  "through.connecting": "Conectando…",
  "through.finished": "Se ha reproducido entera.",
  "through.stopped": "Detenida.",
  "through.failed": "No se ha podido seguir reproduciendo.",
  "truth.transcript": "Lo que se dijo de verdad",
  "truth.translation": "Lo que significa",
  "truth.original": "Original: {text}",
};

use(spanish);
